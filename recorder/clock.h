// The clocks of a recording.
#pragma once

#include <ctime>

#include <cstdint>

#include "format/event.h"

namespace rfan::recorder {

inline std::uint64_t clock_ns(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000U + static_cast<std::uint64_t>(now.tv_nsec);
}

// CLOCK_MONOTONIC in nanoseconds: 24 ns a call, no system call (vDSO).
inline std::uint64_t monotonic_ns() {
  return clock_ns(CLOCK_MONOTONIC);
}

// CPU time of the calling thread, as far as the kernel has accounted for it.
struct CpuTime {
  std::uint64_t user_ns = 0;
  std::uint64_t system_ns = 0;
};
CpuTime thread_cpu_time();

// The three clocks, read one after the other within about 100 ns.
format::ClockSample sample_clocks();

}  // namespace rfan::recorder
