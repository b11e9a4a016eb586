// Shows text on a terminal through less, as git does.
#pragma once

#include <sys/types.h>

namespace rfan::replay {

// Starts $PAGER, else `less -FRX`, which ends by itself if everything fits on the screen; fd() then leads to
// it. The shell takes cat if that program is missing. fd() is the given descriptor if `wanted` is false,
// $PAGER is "cat", or nothing could be started. One thread.
class Pager {
 public:
  Pager(bool wanted, int fd);
  ~Pager() { close(); }
  Pager(const Pager&) = delete;
  Pager& operator=(const Pager&) = delete;

  int fd() const { return pipe_fd_ >= 0 ? pipe_fd_ : fd_; }
  // Ends the text and waits until the user has left the pager.
  void close();

 private:
  int fd_;
  int pipe_fd_ = -1;
  pid_t child_ = -1;
};

}  // namespace rfan::replay
