#include "recorder/system/wake_event.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>

namespace rfan::recorder {

Result<WakeEvent> WakeEvent::create() {
  UniqueFd event(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!event) return errno_error("cannot create an eventfd");
  return WakeEvent(std::move(event));
}

void WakeEvent::wake() const {
  const std::uint64_t one = 1;
  // Fails at 2^64 - 1; the event is readable then anyway.
  [[maybe_unused]] const auto written = ::write(event_.get(), &one, sizeof one);
}

void WakeEvent::clear() const {
  std::uint64_t count = 0;
  // Fails if there is nothing to clear.
  [[maybe_unused]] const auto bytes = ::read(event_.get(), &count, sizeof count);
}

}  // namespace rfan::recorder
