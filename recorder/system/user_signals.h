// What people ask of a running recorder by signals.
#pragma once

#include <array>
#include <csignal>
#include <cstdint>
#include <optional>

#include "format/base/error.h"
#include "format/base/unique_fd.h"

namespace rfan::recorder {

// Main thread only.
class UserSignals {
 public:
  // Ask to end. SIGXCPU: the CPU time that the starter allowed is used up, at a little more the kernel kills.
  static constexpr std::array<int, 5> kEnding{SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGXCPU};
  // Asks to go on in the next file.
  static constexpr int kRotation = SIGUSR2;
  // The command was stopped, or a child has ended.
  static constexpr int kChild = SIGCHLD;

  struct Request {
    int number = 0;
    bool from_terminal = false;  // Ctrl-C: whoever else is in the foreground got it as well
  };

  // Receives these signals from now on, but those that the starter ignores. Call it before the first thread,
  // so that all inherit it, and after InheritedSignals::take_over().
  Status open();
  // Readable when there is a request.
  int fd() const { return fd_.get(); }
  // The next one that is there. A signal that only repeats the last one is passed over: timeout(1) sends two
  // for one request.
  std::optional<Request> take();

  // From now on a second request ends the process at once: nobody waits for us any more, but the output may
  // block for ever.
  void end_at_second_request() const;

 private:
  bool is_repeated(const Request& request);

  sigset_t ending_{};  // those of kEnding that are not ignored
  UniqueFd fd_;
  int last_ = 0;
  std::uint64_t last_ns_ = 0;  // CLOCK_MONOTONIC; 0: none so far
};

}  // namespace rfan::recorder
