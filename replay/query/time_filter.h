// --since and --until: how their values are written, and which events they let through.
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

// Since the start of the trace (see Timeline), on the monotonic clock.
struct RelativeTime {
  std::uint64_t ns = 0;
};
// On the day on which the trace began.
struct TimeOfDay {
  std::uint64_t ns = 0;
};
// Nanoseconds since the epoch.
struct AbsoluteTime {
  std::uint64_t ns = 0;
};
// Of the time between the first and the last event of the recording.
struct PercentTime {
  double percent = 0;
};
// See Timeline::steady_ns(). Is not written; --slowest makes it.
struct SteadyTime {
  std::uint64_t ns = 0;
};
using TimePoint = std::variant<RelativeTime, TimeOfDay, AbsoluteTime, PercentTime, SteadyTime>;

// Reads "+5s", "+250ms", "+1m30s", "10%", "HH:MM[:SS[.frac]]", "YYYY-MM-DD[ T]HH:MM[:SS[.frac]]" or
// "@SECONDS[.frac]". Dates are local time unless `utc`. The error says which forms there are, and of a date
// that clocks never showed, or showed twice, what to write for it.
Result<TimePoint> parse_time(std::string_view text, bool utc);

// Reads "250us", "1.5ms", "1m30s" as nanoseconds.
Result<std::uint64_t> parse_duration(std::string_view text);

// Whether the time of an event is let through. An event passes --since T when its time is T or later, --until
// T when it is earlier than T. Pure, apart from the time zone.
class TimeFilter {
 public:
  TimeFilter(format::Alternatives<TimePoint> since, format::Alternatives<TimePoint> until, bool utc);
  bool active() const { return !since_.empty() || !until_.empty(); }

  // What is doubtful about times of day on the day on which this trace began, a sentence each: clocks are set
  // forward and back for daylight saving.
  std::vector<std::string> doubts(const Timeline& timeline) const;

  // First and one past the last monotonic time that pass while `span` holds; empty when first >= last.
  struct Range {
    std::uint64_t first_ns = 0;
    std::uint64_t end_ns = UINT64_MAX;
    bool empty() const { return first_ns >= end_ns; }
  };
  Range range_in(const Timeline::Span& span, const Timeline& timeline) const;

  // False only when no time between the two (inclusive) passes.
  bool may_match(std::uint64_t first_ns, std::uint64_t last_ns, const Timeline& timeline) const;

 private:
  std::uint64_t monotonic_of(const TimePoint& point, const Timeline::Span& span,
                             const Timeline& timeline) const;

  format::Alternatives<TimePoint> since_;
  format::Alternatives<TimePoint> until_;
  bool utc_;
};

}  // namespace rfan::replay
