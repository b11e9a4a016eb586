// The trace file on disk: where it comes to lie, whose it is, what happens to an older one.
#pragma once

#include <string>
#include <utility>

#include "format/base/error.h"
#include "format/base/unique_fd.h"

namespace rfan::recorder {

// The file of a trace that is not rotated. It is made as `path`.new and gets its name by take_place(): a
// start that fails leaves nothing behind and the older trace where it is. "-" is standard output, unless that
// is a terminal; a device is used as it is, and so is a pipe of ours. The pipe of somebody else, and what
// somebody else has in a place that is needed (format/model/own_files.h), fails the start. Main thread.
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
  // Once; a regular file stays locked while the descriptor or a copy of it is open.
  UniqueFd take_fd() { return std::move(fd_); }

  // The recording has begun: an existing file is kept as `path`.old, and this one takes its name.
  Status take_place();
  // It did not get that name, but what it holds is worth having: it stays where it is.
  void stay();
  // Where it is.
  const std::string& place() const { return waiting_.empty() ? path_ : waiting_; }

 private:
  explicit OutputFile(std::string path) : path_(std::move(path)) {}

  std::string path_;
  std::string waiting_;  // its name until then; empty: nothing is to be done
  bool stays_ = false;
  UniqueFd fd_;
};

// Makes a file that must not exist, mode 0600, locked (flock(2), exclusive). Under sudo it belongs to the
// invoking user.
Result<UniqueFd> create_output(const std::string& path);

// Whether a recorder has this file open for its trace: it holds the lock.
bool is_being_written(const std::string& path);

}  // namespace rfan::recorder
