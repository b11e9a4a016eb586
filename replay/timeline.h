// The clock of one trace: from CLOCK_MONOTONIC, which events carry, to wall-clock time, and where the trace
// began.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "format/event.h"

namespace rfan::replay {

// One thread. Refers to the clock samples of a reader, which grow as frames pass by; call refresh() after
// each block.
class Timeline {
 public:
  // `clocks` must outlive this object.
  explicit Timeline(const std::vector<format::ClockSample>& clocks) : clocks_(clocks) {}

  // Takes note of clock samples that came in since. `first_event_ns` of the block just read; the first call
  // fixes the start of the trace, which is the earlier of its first clock sample and its first event.
  void refresh(std::uint64_t first_event_ns);

  bool started() const { return start_ns_.has_value(); }
  std::uint64_t start_ns() const { return start_ns_.value_or(0); }  // CLOCK_MONOTONIC
  std::uint64_t start_realtime_ns() const { return realtime_ns(start_ns()); }

  // Nanoseconds since the epoch. A trace without any clock sample (its CLOCK frames were damaged) gives the
  // monotonic time itself, as if the machine had booted at the epoch.
  std::uint64_t realtime_ns(std::uint64_t monotonic_ns) const {
    if (monotonic_ns < span_.begin_ns || monotonic_ns > span_.last_ns) span_ = span_at(monotonic_ns);
    return monotonic_ns + span_.offset_ns;
  }

  // A stretch of time in which one clock sample holds: realtime = monotonic + offset_ns (modulo 2^64).
  struct Span {
    std::uint64_t begin_ns =
        1;  // first and last monotonic time, both inclusive; the default is the empty span
    std::uint64_t last_ns = 0;
    std::uint64_t offset_ns = 0;
  };
  Span span_at(std::uint64_t monotonic_ns) const;

 private:
  const std::vector<format::ClockSample>& clocks_;
  std::optional<std::uint64_t> start_ns_;
  mutable Span span_;  // cache: times mostly ascend
};

}  // namespace rfan::replay
