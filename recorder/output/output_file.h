// The trace file on disk: its place, its owner, and the fate of an older trace.
#pragma once

#include <string>
#include <utility>

#include "format/base/error.h"
#include "format/base/unique_fd.h"

namespace rfan::recorder {

// The file of a trace that is not rotated. It is created as `path`.new, and take_place() gives it its name.
// So a start that fails leaves no file and the older trace in its place. "-" is standard output, unless that
// is a terminal. A device or a pipe of ours is used as it is. The start fails if the pipe belongs to another
// user, or if another user's file is in a place that we need (format/model/own_files.h). For the main thread.
class OutputFile {
 public:
  static Result<OutputFile> open(const std::string& path);
  OutputFile(OutputFile&& other) noexcept
      : path_(std::move(other.path_)),
        waiting_(std::exchange(other.waiting_, {})),
        stays_(other.stays_),
        fd_(std::move(other.fd_)) {}
  OutputFile& operator=(OutputFile&&) = delete;
  ~OutputFile();

  int fd() const { return fd_.get(); }
  // Call it once. A regular file stays locked while the descriptor or a copy of it is open.
  UniqueFd take_fd() { return std::move(fd_); }

  // Gives the file its name when the recording has begun. Keeps an existing file as `path`.old.
  Status take_place();
  // Keeps the file under its present name if take_place() failed, because its contents are worth having.
  void stay();
  // Returns the present name.
  const std::string& place() const { return waiting_.empty() ? path_ : waiting_; }

 private:
  explicit OutputFile(std::string path) : path_(std::move(path)) {}

  std::string path_;
  std::string waiting_;  // the name before take_place(); empty: nothing to do
  bool stays_ = false;
  UniqueFd fd_;
};

// Creates a file that must not exist, with mode 0600 and an exclusive lock (flock(2)). Under sudo it belongs
// to the invoking user.
Result<UniqueFd> create_output(const std::string& path);

// Returns whether a recorder is writing its trace to this file, which shows in the lock.
bool is_being_written(const std::string& path);

}  // namespace rfan::recorder
