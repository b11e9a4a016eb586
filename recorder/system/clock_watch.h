// Notices when somebody sets the time of day.
#pragma once

#include "format/base/error.h"
#include "format/base/unique_fd.h"

namespace rfan::recorder {

// A timer that never expires. The kernel cancels it when CLOCK_REALTIME is set (timerfd_create(2),
// TFD_TIMER_CANCEL_ON_SET); slewing the clock does not cancel it. For one thread.
class ClockWatch {
 public:
  static Result<ClockWatch> open();

  // Readable when the clock was set.
  int fd() const { return timer_.get(); }
  // Returns whether the clock was set since the last call. Does not block.
  bool take();

 private:
  explicit ClockWatch(UniqueFd timer) : timer_(std::move(timer)) {}

  UniqueFd timer_;
};

}  // namespace rfan::recorder
