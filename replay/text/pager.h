// Text on a terminal goes through less, as git does it.
#pragma once

#include <sys/types.h>

namespace rfan::replay {

// Starts $PAGER, else `less -FRX` (which ends by itself when all fits on the screen), and leads to it. Where
// there is none, or `wanted` is false, fd() is the descriptor itself. One thread.
class Pager {
 public:
  Pager(bool wanted, int fd);
  ~Pager() { close(); }
  Pager(const Pager&) = delete;
  Pager& operator=(const Pager&) = delete;

  int fd() const { return pipe_fd_ >= 0 ? pipe_fd_ : fd_; }
  // Ends the text and waits until the user has left.
  void close();

 private:
  int fd_;
  int pipe_fd_ = -1;
  pid_t child_ = -1;
};

}  // namespace rfan::replay
