#include "recorder/rotated_files.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ctime>
#include <utility>
#include <vector>

#include "format/series_name.h"
#include "recorder/output_file.h"

namespace rfan::recorder {

namespace {

bool is_full(const Status& status) {
  return !status.ok() && (status.error().errno_value == ENOSPC || status.error().errno_value == EDQUOT);
}

// A detached copy of the mount, which the kernel takes down with the descriptor (open_tree, Linux 5.2). Where
// that is not to be had, the directory itself.
Result<UniqueFd> open_directory(const std::string& output) {
  const auto name_begin = output.rfind('/') + 1;
  const auto directory = name_begin == 0 ? std::string(".") : output.substr(0, name_begin);
  UniqueFd fd(::open_tree(AT_FDCWD, directory.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
  if (!fd) fd.reset(::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return errno_error("cannot write trace", output, "give another place with -o FILE");
  return fd;
}

}  // namespace

// Passes on to the file; makes room when there is none left.
class RotatedFiles::Sink : public format::ByteSink {
 public:
  Sink(RotatedFiles& files, std::unique_ptr<format::ByteSink> file) : files_(files), file_(std::move(file)) {}

  Status append(std::span<const std::byte> bytes) override {
    for (;;) {
      const auto before = file_->offset();
      auto status = file_->append(bytes);
      if (!is_full(status) || !files_.rotation_.drop_when_full || !files_.drop_oldest()) return status;
      bytes = bytes.subspan(static_cast<std::size_t>(file_->offset() - before));
    }
  }
  std::uint64_t offset() const override { return file_->offset(); }
  Status sync() override { return file_->sync(); }
  Status close() override { return file_->close(); }

 private:
  RotatedFiles& files_;
  std::unique_ptr<format::ByteSink> file_;
};

RotatedFiles::RotatedFiles(const std::string& output, UniqueFd directory, const Rotation& rotation)
    : directory_(std::move(directory)), rotation_(rotation) {
  const auto name_begin = output.rfind('/') + 1;  // 0 without a slash
  shown_directory_ = output.substr(0, name_begin);
  output_ = output.substr(name_begin);
}

std::string RotatedFiles::reached(const std::string& file) const {
  return "/proc/self/fd/" + std::to_string(directory_.get()) + "/" + file;
}

Result<std::unique_ptr<RotatedFiles>> RotatedFiles::create(const std::string& output,
                                                           const Rotation& rotation) {
  auto directory = open_directory(output);
  if (!directory) return directory.error();
  auto existing = format::list_series(output);
  if (!existing) return existing.error();
  for (const auto& file : *existing) {
    if (!file.sealed && is_being_written(file.path))
      return Error{"another recording is writing", file.path, 0, "give another name with -o"};
  }
  std::unique_ptr<RotatedFiles> files(new RotatedFiles(output, std::move(*directory), rotation));
  if (!existing->empty()) files->next_number_ = existing->back().number + 1;
  if (auto status = files->begin(); !status) return status.error();
  return files;
}

RotatedFiles::~RotatedFiles() {
  struct stat status {};
  const auto path = reached(file_);
  const bool is_empty = is_open() && ::stat(path.c_str(), &status) == 0 && status.st_size == 0;
  if (is_empty || !is_settled()) ::unlink(path.c_str());
}

void RotatedFiles::settle() {
  if (rotation_.retains()) drop_expired();
  settled_.store(true, std::memory_order_release);
}

std::unique_ptr<format::ByteSink> RotatedFiles::take_sink() {
  if (is_settled() && rotation_.retains()) drop_expired();
  return std::make_unique<Sink>(*this, format::make_fd_sink(std::move(fd_), path()));
}

Status RotatedFiles::seal() {
  if (::renameat(directory(), file_.c_str(), directory(), name_.c_str()) != 0)
    return errno_error("cannot rename the finished trace to", shown(name_));
  file_ = name_;
  return {};
}

Status RotatedFiles::begin() {
  auto name = format::series_file_name(output_, next_number_);
  auto fd = create_output(reached(name) + format::kPartSuffix);
  if (!fd) {
    auto error = fd.error();
    error.path = shown(name) + format::kPartSuffix;
    return error;
  }
  ++next_number_;
  fd_ = std::move(*fd);
  name_ = std::move(name);
  file_ = name_ + format::kPartSuffix;
  return {};
}

// All but the file being written; those that a killed recorder left behind count too.
std::vector<format::SeriesFile> RotatedFiles::older_files() const {
  auto files = format::list_series(reached(output_));
  if (!files) return {};
  std::erase_if(*files, [&](const auto& file) { return is_open() && file.path == reached(file_); });
  return std::move(*files);
}

void RotatedFiles::drop_expired() {
  const auto now_s = std::time(nullptr);
  const auto files = older_files();
  std::vector<FinishedFile> finished;
  for (const auto& file : files) {
    struct stat status {};
    // Gone in between: counts nothing.
    if (::stat(file.path.c_str(), &status) != 0) status.st_mtime = now_s;
    finished.push_back(
        {static_cast<std::uint64_t>(status.st_size), std::chrono::seconds(now_s - status.st_mtime)});
  }
  const auto expired = count_expired(finished, rotation_);
  for (std::size_t i = 0; i < expired && drop(files[i]); ++i) continue;
}

bool RotatedFiles::drop_oldest() {
  const auto files = older_files();
  return !files.empty() && drop(files.front());
}

bool RotatedFiles::drop(const format::SeriesFile& file) {
  if (::unlink(file.path.c_str()) != 0) return false;
  dropped_.fetch_add(1, std::memory_order_relaxed);
  return true;
}

}  // namespace rfan::recorder
