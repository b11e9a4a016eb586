#include "recorder/output/rotated_files.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <utility>
#include <vector>

#include "format/base/pattern.h"
#include "format/model/own_files.h"
#include "format/model/series_name.h"
#include "recorder/output/output_file.h"
#include "recorder/system/messages.h"

namespace rfan::recorder {

namespace {

// Bounds the notes, so that a user who plants a million names does not cause a million lines.
constexpr std::size_t kMaxNotes = 8;

bool is_full(const Status& status) {
  return !status.ok() && (status.error().errno_value == ENOSPC || status.error().errno_value == EDQUOT);
}

bool exists(int directory, const std::string& name) {
  struct stat status {};
  return ::fstatat(directory, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0;
}

// Returns 0 or an errno; EEXIST if the new name is taken. Some filesystems cannot check that atomically
// (NFS).
int rename_to_free(int directory, const std::string& from, const std::string& to) {
  if (::renameat2(directory, from.c_str(), directory, to.c_str(), RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL) return errno;
  if (exists(directory, to)) return EEXIST;
  return ::renameat(directory, from.c_str(), directory, to.c_str()) == 0 ? 0 : errno;
}

std::string name_of(const format::SeriesFile& file) {
  return std::string(format::base_name(file.path));
}

std::uint64_t bytes_on_disk(const format::SeriesFile& file) {
  struct stat status {};
  if (::lstat(file.path.c_str(), &status) != 0) return 0;
  // Some filesystems count no blocks.
  return static_cast<std::uint64_t>(std::max<std::int64_t>(status.st_size, status.st_blocks * 512));
}

// Returns the files that may be removed for lack of space. The newest finished file always stays readable.
std::vector<format::SeriesFile> before_newest_finished(std::vector<format::SeriesFile> files) {
  const auto newest =
      std::find_if(files.rbegin(), files.rend(), [](const auto& file) { return file.sealed; });
  if (newest != files.rend()) {
    files.erase(newest.base() - 1, files.end());
  } else if (!files.empty()) {
    files.pop_back();
  }
  return files;
}

// Opens a detached copy of the mount, which the kernel removes when the descriptor is closed (open_tree,
// Linux 5.2). Falls back to the directory itself.
Result<UniqueFd> open_directory(const std::string& output) {
  const auto name_begin = output.rfind('/') + 1;
  const auto directory = name_begin == 0 ? std::string(".") : output.substr(0, name_begin);
  UniqueFd fd(::open_tree(AT_FDCWD, directory.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
  if (!fd) fd.reset(::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return errno_error("cannot write trace", output, "give another place with -o FILE");
  return fd;
}

}  // namespace

// Passes bytes to the file, and makes room if the disk is full.
class RotatedFiles::Sink : public format::ByteSink {
 public:
  Sink(RotatedFiles& files, std::unique_ptr<format::ByteSink> file) : files_(files), file_(std::move(file)) {}

  Status append(std::span<const std::byte> bytes) override {
    for (;;) {
      const auto before = file_->offset();
      auto status = file_->append(bytes);
      bytes = bytes.subspan(static_cast<std::size_t>(file_->offset() - before));
      if (status.ok() || !files_.makes_room_for(status, bytes.size())) return explained(std::move(status));
    }
  }
  std::uint64_t offset() const override { return file_->offset(); }
  Status sync() override { return file_->sync(); }
  Status close() override { return file_->close(); }

 private:
  Status explained(Status status) const {
    if (!is_full(status) || !files_.rotation_.drop_when_full) return status;
    auto error = status.error();
    error.hint =
        "free some space; older files were dropped as far as that could help, and the newest "
        "finished one stays";
    return error;
  }

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
  std::unique_ptr<RotatedFiles> files(new RotatedFiles(output, std::move(*directory), rotation));
  const auto existing = files->own_files();
  if (!existing) return existing.error();
  for (const auto& file : existing.value()) {
    if (!file.sealed && is_being_written(file.path))
      return Error{"another recording is writing", files->shown(name_of(file)), 0,
                   "give another name with -o"};
  }
  if (!existing.value().empty()) files->next_number_ = existing.value().back().number + 1;
  if (auto status = files->begin(); !status) return status.error();
  return files;
}

RotatedFiles::~RotatedFiles() {
  struct stat status {};
  const auto path = reached(file_);
  const bool is_empty = is_open() && ::lstat(path.c_str(), &status) == 0 && status.st_size == 0;
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
  for (;;) {
    const auto failure = rename_to_free(directory(), file_, name_);
    if (failure == 0) break;
    if (failure != EEXIST) return Error{"cannot rename the finished trace to", shown(name_), failure, {}};
    auto name = next_free_name();
    if (!name) return name.error();
    name_ = std::move(*name);
  }
  file_ = name_;
  return {};
}

Status RotatedFiles::begin() {
  for (;;) {
    auto name = next_free_name();
    if (!name) return name.error();
    auto fd = create_part(*name);
    if (!fd && fd.error().errno_value == EEXIST) continue;
    if (!fd) return fd.error();
    fd_ = std::move(*fd);
    name_ = std::move(*name);
    file_ = name_ + format::kPartSuffix;
    return {};
  }
}

// Skips the numbers of names that are taken, and reports files of others.
Result<std::string> RotatedFiles::next_free_name() {
  while (next_number_ <= format::kMaxSeriesNumber) {
    auto name = format::series_file_name(output_, next_number_++);
    if (!exists(directory(), name)) return name;
    note_once(name, format::objection_to_file(reached(name)));
  }
  return Error{"no number is left for another file of", shown(output_), 0, "give another name with -o"};
}

Result<UniqueFd> RotatedFiles::create_part(const std::string& name) {
  const auto part = name + format::kPartSuffix;
  for (;;) {
    auto fd = create_output(reached(part));
    if (fd) return fd;
    auto error = fd.error();
    if (makes_room_for(error, 0)) continue;
    if (error.errno_value == EEXIST) note_once(part, format::objection_to_file(reached(part)));
    error.path = shown(part);
    return error;
  }
}

// Lists the files of the set, oldest first.
Result<std::vector<format::SeriesFile>> RotatedFiles::own_files() {
  auto files = format::list_series(reached(output_));
  if (!files) {
    auto error = files.error();
    error.path = shown_directory_.empty() ? "." : shown_directory_;
    return error;
  }
  std::erase_if(*files, [&](const auto& file) {
    const auto objection = format::objection_to_file(file.path);
    note_once(name_of(file), objection);
    return !objection.empty();
  });
  return files;
}

// Reports a name at most once, and not without a reason.
void RotatedFiles::note_once(const std::string& file, const std::string& why) {
  if (why.empty() || noted_.size() > kMaxNotes || !noted_.insert(file).second) return;
  if (noted_.size() > kMaxNotes)
    return say_unless_blocked("note: further files of this name are left alone without a word");
  say_unless_blocked(Error{"note: left alone and not counted:", shown(file), 0, why}.message());
}

// Returns all files except the one being written. Includes unfinished files of killed recorders.
std::vector<format::SeriesFile> RotatedFiles::older_files() {
  auto files = own_files();
  if (!files) return {};
  std::erase_if(*files, [&](const auto& file) { return is_open() && name_of(file) == file_; });
  return std::move(*files);
}

void RotatedFiles::drop_expired() {
  const auto now_s = std::time(nullptr);
  const auto files = older_files();
  std::vector<FinishedFile> finished;
  for (const auto& file : files) {
    struct stat status {};
    // A file that has disappeared meanwhile counts as empty and new.
    if (::lstat(file.path.c_str(), &status) != 0) status.st_mtime = now_s;
    finished.push_back(
        {static_cast<std::uint64_t>(status.st_size), std::chrono::seconds(now_s - status.st_mtime)});
  }
  const auto expired = count_expired(finished, rotation_);
  for (std::size_t i = 0; i < expired; ++i) drop(files[i]);
}

// Returns whether to try again after `failure`, because an older file was removed.
bool RotatedFiles::makes_room_for(const Status& failure, std::uint64_t bytes) {
  return is_full(failure) && rotation_.drop_when_full && drop_oldest_for(bytes);
}

// Removes nothing if removing all candidates would not free enough.
bool RotatedFiles::drop_oldest_for(std::uint64_t bytes) {
  const auto files = before_newest_finished(older_files());
  std::uint64_t freed = 0;
  for (const auto& file : files) freed += bytes_on_disk(file);
  return freed >= bytes &&
         std::any_of(files.begin(), files.end(), [&](const auto& file) { return drop(file); });
}

// Returns false if the file cannot be removed.
bool RotatedFiles::drop(const format::SeriesFile& file) {
  if (::unlink(file.path.c_str()) != 0) {
    if (errno != ENOENT)
      note_once(name_of(file), std::string("it cannot be removed: ") + std::strerror(errno));
    return false;
  }
  dropped_.fetch_add(1, std::memory_order_relaxed);
  return true;
}

}  // namespace rfan::recorder
