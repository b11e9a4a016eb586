#include "recorder/system/clock.h"

#include <sys/resource.h>

namespace rfan::recorder {

namespace {

std::uint64_t to_ns(const timeval& time) {
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000U +
         static_cast<std::uint64_t>(time.tv_usec) * 1'000U;
}

CpuTime cpu_time(__rusage_who who) {
  rusage usage{};
  ::getrusage(who, &usage);
  return {to_ns(usage.ru_utime), to_ns(usage.ru_stime)};
}

}  // namespace

void Clock::sleep(std::uint64_t ns) const {
  const timespec pause{static_cast<time_t>(ns / 1'000'000'000), static_cast<long>(ns % 1'000'000'000)};
  ::nanosleep(&pause, nullptr);
}

const Clock& Clock::real() {
  static const Clock clock;
  return clock;
}

CpuTime thread_cpu_time() {
  return cpu_time(RUSAGE_THREAD);
}

CpuTime process_cpu_time() {
  return cpu_time(RUSAGE_SELF);
}

format::ClockSample sample_clocks() {
  return {monotonic_ns(), clock_ns(CLOCK_REALTIME), clock_ns(CLOCK_BOOTTIME)};
}

}  // namespace rfan::recorder
