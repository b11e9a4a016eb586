// The clock of one file: from CLOCK_MONOTONIC, which events carry, to wall-clock time, and where the
// recording began.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "format/model/event.h"

namespace rfan::replay {

// Of a second: what a time is shown with at most, and where its unit is not known.
inline constexpr unsigned kMaxDecimals = 6;

// A moment of any of the files that are read together. What is counted over time, ordered or subtracted goes
// by `steady_ns`, which no change of the wall clock moves; `realtime_ns` is for display.
struct Moment {
  std::uint64_t steady_ns = 0;    // see Timeline::steady_ns()
  std::uint64_t realtime_ns = 0;  // since the epoch

  bool operator<(const Moment& other) const { return steady_ns < other.steady_ns; }
};

// Where a recording began.
struct RecordingStart {
  std::uint64_t monotonic_ns = 0;
  std::uint64_t steady_offset_ns = 0;  // of its steady times, see Timeline::steady_ns()
};

// Refers to the clock samples of a reader, which grow as frames pass by; call refresh() after each block of a
// stream. Any number of threads may read while nobody refreshes.
class Timeline {
 public:
  // `clocks` must outlive this object.
  explicit Timeline(const std::vector<format::ClockSample>& clocks) : clocks_(clocks) {}

  // Takes note of clock samples that came in since. `first_event_ns` of the block just read; the first call
  // fixes the start of the trace, which is the earlier of its first clock sample and its first event, unless
  // begin_at() has done so.
  void refresh(std::uint64_t first_event_ns);

  // For a file that continues another: the start of the recording.
  void begin_at(const RecordingStart& start) { start_ = start; }
  // First and last event of the recording, where they are known beforehand: what percentages are of.
  void set_extent(std::uint64_t first_event_ns, std::uint64_t last_event_ns) {
    first_event_ns_ = first_event_ns;
    last_event_ns_ = last_event_ns;
  }

  // What the times of the trace are multiples of, of which follows how many decimals of a second they have.
  void set_unit(std::uint32_t unit_ns);
  unsigned decimals() const { return decimals_; }

  bool started() const { return start_.has_value(); }
  RecordingStart start() const { return start_.value_or(RecordingStart{}); }
  std::uint64_t start_ns() const { return start().monotonic_ns; }  // CLOCK_MONOTONIC
  std::uint64_t start_realtime_ns() const { return realtime_ns(start_ns()); }
  std::uint64_t first_event_ns() const { return first_event_ns_; }
  std::uint64_t last_event_ns() const { return last_event_ns_; }

  // Nanoseconds since the epoch. A trace without any clock sample (its CLOCK frames were damaged) gives the
  // monotonic time itself, as if the machine had booted at the epoch.
  std::uint64_t realtime_ns(std::uint64_t monotonic_ns) const {
    return monotonic_ns + span_at(monotonic_ns).offset_ns;
  }

  // Nanoseconds on a scale that is common to all files which are read together: monotonic time, by the wall
  // clock as it stood at the first start of a recording in the same boot. It orders recordings of different
  // boots, of which the monotonic times cannot be compared.
  std::uint64_t steady_ns(std::uint64_t monotonic_ns) const {
    return monotonic_ns + start().steady_offset_ns;
  }
  Moment moment(std::uint64_t monotonic_ns) const {
    return {steady_ns(monotonic_ns), realtime_ns(monotonic_ns)};
  }

  // A stretch of time in which one clock sample holds: realtime = monotonic + offset_ns (modulo 2^64).
  struct Span {
    std::uint64_t begin_ns = 1;  // first and last monotonic time, both inclusive; the default is empty
    std::uint64_t last_ns = 0;
    std::uint64_t offset_ns = 0;
  };
  Span span_at(std::uint64_t monotonic_ns) const;

  // Counts refreshes: what was derived from the clocks before is out of date.
  std::uint64_t version() const { return version_; }

 private:
  const std::vector<format::ClockSample>& clocks_;
  std::optional<RecordingStart> start_;
  std::uint64_t first_event_ns_ = 0;
  std::uint64_t last_event_ns_ = UINT64_MAX - 1;
  std::uint64_t version_ = 0;
  unsigned decimals_ = kMaxDecimals;
};

// Wall-clock times of events that mostly ascend: remembers the stretch of the last one. One thread.
class WallClock {
 public:
  explicit WallClock(const Timeline& timeline) : timeline_(timeline) {}
  std::uint64_t realtime_ns(std::uint64_t monotonic_ns) {
    if (monotonic_ns < span_.begin_ns || monotonic_ns > span_.last_ns || version_ != timeline_.version()) {
      span_ = timeline_.span_at(monotonic_ns);
      version_ = timeline_.version();
    }
    return monotonic_ns + span_.offset_ns;
  }
  Moment moment(std::uint64_t monotonic_ns) {
    return {timeline_.steady_ns(monotonic_ns), realtime_ns(monotonic_ns)};
  }
  const Timeline& timeline() const { return timeline_; }

 private:
  const Timeline& timeline_;
  Timeline::Span span_;
  std::uint64_t version_ = 0;
};

}  // namespace rfan::replay
