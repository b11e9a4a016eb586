// The clocks of a recording.
#pragma once

#include <ctime>

#include <cstdint>

#include "format/model/event.h"

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

// The clock of a loop: the real one, unless a test overrides it.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual std::uint64_t now_ns() const { return monotonic_ns(); }
  // Sleeps. A signal may end it early.
  virtual void sleep(std::uint64_t ns) const;

  static const Clock& real();
};

// CPU time in nanoseconds. The kernel divides it into user and system time in steps of a microsecond.
struct CpuTime {
  std::uint64_t user_ns = 0;
  std::uint64_t system_ns = 0;
  std::uint64_t total_ns() const { return user_ns + system_ns; }
};
CpuTime thread_cpu_time();   // of the calling thread
CpuTime process_cpu_time();  // of all threads, including those that have ended

// Reads the three clocks one after the other, within about 100 ns.
format::ClockSample sample_clocks();

}  // namespace rfan::recorder
