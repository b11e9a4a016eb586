#include "recorder/clock.h"

namespace rfan::recorder {

std::uint64_t thread_cpu_ns() {
  return clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

format::ClockSample sample_clocks() {
  return {monotonic_ns(), clock_ns(CLOCK_REALTIME), clock_ns(CLOCK_BOOTTIME)};
}

}  // namespace rfan::recorder
