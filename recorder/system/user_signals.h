// Requests that users send to a running recorder by signals.
#pragma once

#include <array>
#include <csignal>
#include <cstdint>
#include <optional>

#include "format/base/error.h"
#include "format/base/unique_fd.h"

namespace rfan::recorder {

// For the main thread only.
class UserSignals {
 public:
  // Requests to end. SIGXCPU says that the starter's limit of CPU time is used up; a little later the kernel
  // kills.
  static constexpr std::array<int, 5> kEnding{SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGXCPU};
  // Request to begin the next file.
  static constexpr int kRotation = SIGUSR2;
  // The command was stopped, or a child has ended.
  static constexpr int kChild = SIGCHLD;

  struct Request {
    int number = 0;
    // Ctrl-C: every other process in the foreground got the signal as well.
    bool from_terminal = false;
  };

  // Starts to receive these signals, except those that the starter ignores. Call it before the first thread
  // starts, so that all threads inherit the mask, and after InheritedSignals::take_over().
  Status open();
  // Readable when there is a request.
  int fd() const { return fd_.get(); }
  // Returns the next pending request. Skips a signal that only repeats the last one: timeout(1) sends two for
  // one request.
  std::optional<Request> take();

  // From now on a second request ends the process at once: no opener waits for us any more, but the output
  // may block for ever.
  void end_at_second_request() const;

 private:
  bool is_repeated(const Request& request);

  sigset_t ending_{};  // the signals of kEnding that are not ignored
  UniqueFd fd_;
  int last_ = 0;
  std::uint64_t last_ns_ = 0;  // CLOCK_MONOTONIC; 0: none so far
};

}  // namespace rfan::recorder
