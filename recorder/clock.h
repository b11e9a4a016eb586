// The clocks of a recording.
#pragma once

#include <ctime>

#include <cstdint>

#include "format/event.h"

namespace rfan::recorder {

// CLOCK_MONOTONIC in nanoseconds: 24 ns a call, no system call (vDSO).
inline std::uint64_t monotonic_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000U + static_cast<std::uint64_t>(now.tv_nsec);
}

// CPU time of the calling thread in nanoseconds.
std::uint64_t thread_cpu_ns();

// The three clocks, read one after the other within about 100 ns.
format::ClockSample sample_clocks();

}  // namespace rfan::recorder
