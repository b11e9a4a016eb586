#include "recorder/system/clock_watch.h"

#include <sys/timerfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

namespace rfan::recorder {

Result<ClockWatch> ClockWatch::open() {
  UniqueFd timer(::timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK));
  if (!timer) return errno_error("cannot watch the clock");
  itimerspec never{};
  never.it_value.tv_sec = 9'000'000'000;  // in 2255; the kernel counts to 2262
  if (::timerfd_settime(timer.get(), TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, nullptr) != 0)
    return errno_error("cannot watch the clock");
  return ClockWatch(std::move(timer));
}

bool ClockWatch::take() {
  std::uint64_t expirations = 0;
  return ::read(timer_.get(), &expirations, sizeof expirations) < 0 && errno == ECANCELED;
}

}  // namespace rfan::recorder
