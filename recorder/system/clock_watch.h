// Tells when somebody set the time of day.
#pragma once

#include "format/base/error.h"
#include "format/base/unique_fd.h"

namespace rfan::recorder {

// A timer that never ends and that the kernel cancels when CLOCK_REALTIME is set (timerfd_create(2),
// TFD_TIMER_CANCEL_ON_SET; a clock that is slewed does not count). One thread.
class ClockWatch {
 public:
  static Result<ClockWatch> open();

  // Readable when the clock was set.
  int fd() const { return timer_.get(); }
  // Whether it was, since the last call. Does not block.
  bool take();

 private:
  explicit ClockWatch(UniqueFd timer) : timer_(std::move(timer)) {}

  UniqueFd timer_;
};

}  // namespace rfan::recorder
