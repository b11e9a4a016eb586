// Parses the values of --since and --until, and tests the times of events against them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "format/base/alternatives.h"
#include "format/base/error.h"
#include "replay/trace/timeline.h"

namespace rfan::replay {

// A time since the start of the trace (see Timeline), on the monotonic clock.
struct RelativeTime {
  std::uint64_t ns = 0;
};
// A time on the day on which the trace began.
struct TimeOfDay {
  std::uint64_t ns = 0;
};
// Nanoseconds since the epoch.
struct AbsoluteTime {
  std::uint64_t ns = 0;
};
// A percentage of the time between the first and the last event of the recording.
struct PercentTime {
  double percent = 0;
};
// A time as in Timeline::steady_ns(). Has no written form; --slowest makes it.
struct SteadyTime {
  std::uint64_t ns = 0;
};
using TimePoint = std::variant<RelativeTime, TimeOfDay, AbsoluteTime, PercentTime, SteadyTime>;

// Reads "+5s", "+250ms", "+1m30s", "10%", "HH:MM[:SS[.frac]]", "YYYY-MM-DD[ T]HH:MM[:SS[.frac]]" or
// "@SECONDS[.frac]". Dates are local time unless `utc`. The error names the accepted forms. For a date that
// clocks never showed, or showed twice, it says what to write instead.
Result<TimePoint> parse_time(std::string_view text, bool utc);

// Decides whether the time of an event passes: --since T passes times at or after T, --until T times before
// T. Pure, apart from the time zone.
class TimeFilter {
 public:
  TimeFilter(format::Alternatives<TimePoint> since, format::Alternatives<TimePoint> until, bool utc);
  bool active() const { return !since_.empty() || !until_.empty(); }

  // Returns one sentence for each doubtful time of day on the day on which this trace began: daylight saving
  // sets clocks forward and back.
  std::vector<std::string> doubts(const Timeline& timeline) const;

  // The first and one past the last monotonic time that pass during `span`; empty if first >= end.
  struct Range {
    std::uint64_t first_ns = 0;
    std::uint64_t end_ns = UINT64_MAX;
    bool empty() const { return first_ns >= end_ns; }
  };
  Range range_in(const Timeline::Span& span, const Timeline& timeline) const;

  // Returns false only if no time between the two (inclusive) passes.
  bool may_match(std::uint64_t first_ns, std::uint64_t last_ns, const Timeline& timeline) const;

 private:
  std::uint64_t monotonic_of(const TimePoint& point, const Timeline::Span& span,
                             const Timeline& timeline) const;

  format::Alternatives<TimePoint> since_;
  format::Alternatives<TimePoint> until_;
  bool utc_;
};

}  // namespace rfan::replay
