#include "recorder/rotated_files.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
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

Result<std::unique_ptr<RotatedFiles>> RotatedFiles::create(std::string output, const Rotation& rotation) {
  auto existing = format::list_series(output);
  if (!existing) return existing.error();
  for (const auto& file : *existing) {
    if (!file.sealed && is_being_written(file.path))
      return Error{"another recording is writing", file.path, 0, "give another name with -o"};
  }
  std::unique_ptr<RotatedFiles> files(new RotatedFiles(std::move(output), rotation));
  if (!existing->empty()) files->next_number_ = existing->back().number + 1;
  if (auto status = files->begin(); !status) return status.error();
  return files;
}

RotatedFiles::~RotatedFiles() {
  struct stat status {};
  if (is_open() && ::stat(path_.c_str(), &status) == 0 && status.st_size == 0) ::unlink(path_.c_str());
}

std::unique_ptr<format::ByteSink> RotatedFiles::take_sink() {
  return std::make_unique<Sink>(*this, format::make_fd_sink(fd_.release(), path_));
}

Status RotatedFiles::seal() {
  if (std::rename(path_.c_str(), name_.c_str()) != 0)
    return errno_error("cannot rename the finished trace to", name_);
  path_ = name_;
  return {};
}

Status RotatedFiles::begin() {
  if (rotation_.retains()) drop_expired();
  auto name = format::series_file_name(output_, next_number_);
  auto fd = open_output(name + format::kPartSuffix);
  if (!fd) return fd.error();
  ++next_number_;
  fd_ = std::move(*fd);
  name_ = std::move(name);
  path_ = name_ + format::kPartSuffix;
  return {};
}

// All but the file being written; those that a killed recorder left behind count too.
std::vector<format::SeriesFile> RotatedFiles::older_files() const {
  auto files = format::list_series(output_);
  if (!files) return {};
  std::erase_if(*files, [&](const auto& file) { return file.path == path_ && is_open(); });
  return std::move(*files);
}

void RotatedFiles::drop_expired() {
  const auto now_s = std::time(nullptr);
  std::vector<FinishedFile> finished;
  for (const auto& file : older_files()) {
    struct stat status {};
    // Gone in between: counts nothing.
    if (::stat(file.path.c_str(), &status) != 0) status.st_mtime = now_s;
    finished.push_back(
        {static_cast<std::uint64_t>(status.st_size), std::chrono::seconds(now_s - status.st_mtime)});
  }
  for (auto expired = count_expired(finished, rotation_); expired > 0; --expired) drop_oldest();
}

bool RotatedFiles::drop_oldest() {
  const auto files = older_files();
  if (files.empty() || ::unlink(files.front().path.c_str()) != 0) return false;
  ++dropped_;
  return true;
}

}  // namespace rfan::recorder
