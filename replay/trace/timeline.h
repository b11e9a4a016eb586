// The clock of one file: converts CLOCK_MONOTONIC, which events carry, to wall-clock time, and knows where
// the recording began.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "format/model/event.h"

namespace rfan::replay {

// The most decimals of a second that are shown. Used also if the time unit is not known.
inline constexpr unsigned kMaxDecimals = 6;

// A moment in any of the files that are read together. Counting over time, ordering and subtracting use
// `steady_ns`, which no change of the wall clock moves; `realtime_ns` is for display only.
struct Moment {
  std::uint64_t steady_ns = 0;    // see Timeline::steady_ns()
  std::uint64_t realtime_ns = 0;  // since the epoch

  bool operator<(const Moment& other) const { return steady_ns < other.steady_ns; }
};

// The start of a recording.
struct RecordingStart {
  std::uint64_t monotonic_ns = 0;
  std::uint64_t steady_offset_ns = 0;  // steady minus monotonic time, see Timeline::steady_ns()
};

// Converts between the clocks. Refers to the clock samples of a reader, which grow as frames are read: call
// refresh() after each block of a stream. Any number of threads may read while no thread refreshes.
class Timeline {
 public:
  // `clocks` must outlive this object.
  explicit Timeline(const std::vector<format::ClockSample>& clocks) : clocks_(clocks) {}

  // Takes in new clock samples. `first_event_ns` is that of the block just read. The first call sets the
  // start of the trace, unless begin_at() has set it: the earlier of the first clock sample and the first
  // event.
  void refresh(std::uint64_t first_event_ns);

  // Sets the start of the recording, for a file that continues another.
  void begin_at(const RecordingStart& start) { start_ = start; }
  // Sets the first and the last event of the recording if they are known beforehand. Percentages refer to
  // them.
  void set_extent(std::uint64_t first_event_ns, std::uint64_t last_event_ns) {
    first_event_ns_ = first_event_ns;
    last_event_ns_ = last_event_ns;
  }

  // Sets the time unit. All times of the trace are multiples of it, and it determines decimals().
  void set_unit(std::uint32_t unit_ns);
  unsigned decimals() const { return decimals_; }

  bool started() const { return start_.has_value(); }
  RecordingStart start() const { return start_.value_or(RecordingStart{}); }
  std::uint64_t start_ns() const { return start().monotonic_ns; }  // CLOCK_MONOTONIC
  std::uint64_t start_realtime_ns() const { return realtime_ns(start_ns()); }
  std::uint64_t first_event_ns() const { return first_event_ns_; }
  std::uint64_t last_event_ns() const { return last_event_ns_; }

  // Returns nanoseconds since the epoch. If the trace has no clock sample (its CLOCK frames were damaged),
  // returns the monotonic time itself, as if the machine had booted at the epoch.
  std::uint64_t realtime_ns(std::uint64_t monotonic_ns) const {
    return monotonic_ns + span_at(monotonic_ns).offset_ns;
  }

  // Returns nanoseconds on a scale common to all files that are read together: monotonic time plus the offset
  // of the wall clock at the first start of a recording in the same boot. It orders recordings of different
  // boots, whose monotonic times cannot be compared.
  std::uint64_t steady_ns(std::uint64_t monotonic_ns) const {
    return monotonic_ns + start().steady_offset_ns;
  }
  Moment moment(std::uint64_t monotonic_ns) const {
    return {steady_ns(monotonic_ns), realtime_ns(monotonic_ns)};
  }

  // A period in which one clock sample applies: realtime = monotonic + offset_ns (modulo 2^64).
  struct Span {
    std::uint64_t begin_ns = 1;  // first and last monotonic time, inclusive; empty by default
    std::uint64_t last_ns = 0;
    std::uint64_t offset_ns = 0;
  };
  Span span_at(std::uint64_t monotonic_ns) const;

  // Counts refreshes. Values derived from the clocks under an earlier version are out of date.
  std::uint64_t version() const { return version_; }

 private:
  const std::vector<format::ClockSample>& clocks_;
  std::optional<RecordingStart> start_;
  std::uint64_t first_event_ns_ = 0;
  std::uint64_t last_event_ns_ = UINT64_MAX - 1;
  std::uint64_t version_ = 0;
  unsigned decimals_ = kMaxDecimals;
};

// Returns wall-clock times of events that mostly ascend. Remembers the span of the last one. One thread.
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
