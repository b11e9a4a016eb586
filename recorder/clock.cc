#include "recorder/clock.h"

#include <sys/resource.h>

namespace rfan::recorder {

CpuTime thread_cpu_time() {
  rusage usage{};
  ::getrusage(RUSAGE_THREAD, &usage);
  const auto in_ns = [](const timeval& time) {
    return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000U +
           static_cast<std::uint64_t>(time.tv_usec) * 1000U;
  };
  return {in_ns(usage.ru_utime), in_ns(usage.ru_stime)};
}

format::ClockSample sample_clocks() {
  return {monotonic_ns(), clock_ns(CLOCK_REALTIME), clock_ns(CLOCK_BOOTTIME)};
}

}  // namespace rfan::recorder
