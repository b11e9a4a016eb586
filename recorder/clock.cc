#include "recorder/clock.h"

namespace rfan::recorder {

namespace {

std::uint64_t read_ns(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000U + static_cast<std::uint64_t>(now.tv_nsec);
}

}  // namespace

std::uint64_t thread_cpu_ns() {
  return read_ns(CLOCK_THREAD_CPUTIME_ID);
}

format::ClockSample sample_clocks() {
  return {monotonic_ns(), read_ns(CLOCK_REALTIME), read_ns(CLOCK_BOOTTIME)};
}

}  // namespace rfan::recorder
