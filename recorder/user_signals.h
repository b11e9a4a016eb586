// What people ask of a running recorder by signals.
#pragma once

#include <csignal>
#include <cstdint>
#include <optional>

#include "format/error.h"
#include "format/unique_fd.h"

namespace rfan::recorder {

// SIGINT, SIGTERM, SIGHUP and SIGQUIT ask to end, SIGUSR2 to go on in the next file. Main thread only.
class UserSignals {
 public:
  static constexpr int kRotation = SIGUSR2;

  struct Request {
    int number = 0;
    bool from_terminal = false;  // Ctrl-C: whoever else is in the foreground got it as well
  };

  // Blocks these signals, and ignores those that would stop the recorder or end it without a word. Before the
  // first thread, so that all inherit it.
  Status open();
  // Readable when there is a request.
  int fd() const { return fd_.get(); }
  // Nothing where a signal only repeats the last one: timeout(1) sends two for one request.
  std::optional<Request> take();

  // From now on a second request ends the process at once: nobody waits for us any more, but the output may
  // block for ever.
  void end_at_second_request() const;

 private:
  sigset_t handled_{};
  UniqueFd fd_;
  int last_ = 0;
  std::uint64_t last_ns_ = 0;  // CLOCK_MONOTONIC; 0: none so far
};

}  // namespace rfan::recorder
