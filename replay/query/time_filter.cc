#include "replay/query/time_filter.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <string>

#include "format/base/quantity.h"
#include "replay/trace/civil_time.h"

namespace rfan::replay {
namespace {

constexpr std::uint64_t kNsPerSecond = 1'000'000'000;
constexpr std::uint64_t kMaxSeconds = UINT64_MAX / kNsPerSecond / 2;  // the year 2262, far from any overflow

// Reads a text from the left. Each take consumes what it read.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : rest_(text) {}
  bool at_end() const { return rest_.empty(); }

  bool take(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  // Reads between `min_digits` and `max_digits` decimal digits.
  std::optional<std::uint64_t> take_number(std::size_t min_digits, std::size_t max_digits) {
    std::size_t digits = 0;
    std::uint64_t value = 0;
    while (digits < max_digits && digits < rest_.size() && rest_[digits] >= '0' && rest_[digits] <= '9') {
      value = value * 10 + static_cast<std::uint64_t>(rest_[digits++] - '0');
    }
    if (digits < min_digits) return std::nullopt;
    rest_.remove_prefix(digits);
    return value;
  }
  // Reads the digits after a decimal point as a part of `unit`; returns 0 if there is no point.
  std::optional<std::uint64_t> take_fraction(std::uint64_t unit) {
    if (!take('.')) return 0;
    std::uint64_t value = 0;
    std::size_t digits = 0;
    for (; !rest_.empty() && rest_[0] >= '0' && rest_[0] <= '9'; ++digits, rest_.remove_prefix(1)) {
      unit /= 10;
      value += unit * static_cast<std::uint64_t>(rest_[0] - '0');
    }
    if (digits == 0) return std::nullopt;
    return value;
  }

 private:
  std::string_view rest_;
};

// Reads "10%" or "99.5%".
std::optional<TimePoint> parse_percent(Cursor cursor) {
  const auto whole = cursor.take_number(1, 3);
  const auto fraction = cursor.take_fraction(kNsPerSecond);
  if (!whole || !fraction || !cursor.take('%') || !cursor.at_end()) return std::nullopt;
  const auto percent = static_cast<double>(*whole) + static_cast<double>(*fraction) / kNsPerSecond;
  if (percent > 100) return std::nullopt;
  return PercentTime{percent};
}

// Reads "HH:MM[:SS[.frac]]" up to the end of the text; returns nanoseconds since midnight.
std::optional<std::uint64_t> take_time_of_day(Cursor& cursor) {
  const auto hour = cursor.take_number(1, 2);
  if (!hour || *hour > 23 || !cursor.take(':')) return std::nullopt;
  const auto minute = cursor.take_number(2, 2);
  if (!minute || *minute > 59) return std::nullopt;
  std::uint64_t second = 0;
  std::uint64_t fraction = 0;
  if (cursor.take(':')) {
    const auto seconds = cursor.take_number(2, 2);
    const auto part = cursor.take_fraction(kNsPerSecond);
    if (!seconds || *seconds > 59 || !part) return std::nullopt;
    second = *seconds;
    fraction = *part;
  }
  if (!cursor.at_end()) return std::nullopt;
  return ((*hour * 60 + *minute) * 60 + second) * kNsPerSecond + fraction;
}

// A date as it was written.
struct CivilTime {
  std::tm date{};  // year, month and day
  std::uint64_t ns_of_day = 0;

  CivilMoments moments(bool utc) const {
    auto second = date;
    const auto seconds = static_cast<int>(ns_of_day / kNsPerSecond);
    second.tm_hour = seconds / 3600;
    second.tm_min = seconds / 60 % 60;
    second.tm_sec = seconds % 60;
    return civil_moments(second, utc);
  }
  std::uint64_t epoch_ns(std::time_t moment) const {
    return static_cast<std::uint64_t>(moment) * kNsPerSecond + ns_of_day % kNsPerSecond;
  }
};

// Returns the time of day on the day on which the trace began.
CivilTime on_first_day(const TimeOfDay& time, const Timeline& timeline, bool utc) {
  const auto start = static_cast<std::time_t>(timeline.start_realtime_ns() / kNsPerSecond);
  CivilTime civil{{}, time.ns};
  utc ? gmtime_r(&start, &civil.date) : localtime_r(&start, &civil.date);
  return civil;
}

std::optional<CivilTime> parse_date(Cursor cursor) {
  const auto year = cursor.take_number(4, 4);
  if (!year || !cursor.take('-')) return std::nullopt;
  const auto month = cursor.take_number(2, 2);
  if (!month || !cursor.take('-')) return std::nullopt;
  const auto day = cursor.take_number(2, 2);
  if (!day || *month < 1 || *month > 12 || *day < 1 || *day > 31) return std::nullopt;
  CivilTime civil;
  if (!cursor.at_end()) {
    if (!cursor.take(' ') && !cursor.take('T')) return std::nullopt;
    const auto time = take_time_of_day(cursor);
    if (!time) return std::nullopt;
    civil.ns_of_day = *time;
  }
  civil.date.tm_year = static_cast<int>(*year) - 1900;
  civil.date.tm_mon = static_cast<int>(*month) - 1;
  civil.date.tm_mday = static_cast<int>(*day);
  auto of_calendar = civil.date;
  const bool before_epoch = timegm(&of_calendar) < 0;
  if (before_epoch || of_calendar.tm_mon != civil.date.tm_mon) return std::nullopt;
  return civil;
}

Result<TimePoint> point_of(const CivilTime& civil, std::string_view text, bool utc) {
  const auto moments = civil.moments(utc);
  if (const auto doubt = doubt_of(moments); !doubt.empty())
    return Error{"no time of its own", std::string(text), 0, doubt};
  if (moments.at.front() < 0) return Error{"before the epoch", std::string(text), 0, {}};
  return TimePoint(AbsoluteTime{civil.epoch_ns(moments.at.front())});
}

std::optional<TimePoint> parse_epoch(Cursor cursor) {
  const auto seconds = cursor.take_number(1, 11);
  const auto fraction = cursor.take_fraction(kNsPerSecond);
  if (!seconds || *seconds > kMaxSeconds || !fraction || !cursor.at_end()) return std::nullopt;
  return AbsoluteTime{*seconds * kNsPerSecond + *fraction};
}

std::optional<TimePoint> parse_any(std::string_view text) {
  Cursor cursor(text);
  if (text.starts_with('+')) {
    auto ns = parse_duration(text.substr(1));
    return ns ? std::optional<TimePoint>(RelativeTime{*ns}) : std::nullopt;
  }
  if (auto percent = parse_percent(cursor)) return percent;
  if (cursor.take('@')) return parse_epoch(cursor);
  if (auto time = take_time_of_day(cursor)) return TimeOfDay{*time};
  return std::nullopt;
}

}  // namespace

Result<TimePoint> parse_time(std::string_view text, bool utc) {
  if (const auto civil = parse_date(Cursor(text))) return point_of(*civil, text, utc);
  if (auto point = parse_any(text)) return *point;
  return Error{"not a time", std::string(text), 0,
               "write +5s, +250ms or +1m30s (since the start of the trace), 10% (of its length), "
               "HH:MM[:SS[.frac]] (on the day it began), "
               "YYYY-MM-DD[ HH:MM[:SS[.frac]]] or @SECONDS[.frac] (since the epoch)"};
}

TimeFilter::TimeFilter(format::Alternatives<TimePoint> since, format::Alternatives<TimePoint> until, bool utc)
    : since_(std::move(since)), until_(std::move(until)), utc_(utc) {}

std::uint64_t TimeFilter::monotonic_of(const TimePoint& point, const Timeline::Span& span,
                                       const Timeline& timeline) const {
  if (const auto* relative = std::get_if<RelativeTime>(&point)) return timeline.start_ns() + relative->ns;
  if (const auto* percent = std::get_if<PercentTime>(&point)) {
    // Add one to the length, so that all events lie before 100 %.
    const auto length = static_cast<double>(timeline.last_event_ns() - timeline.first_event_ns() + 1);
    return timeline.first_event_ns() + static_cast<std::uint64_t>(length * percent->percent / 100);
  }
  auto offset_ns = span.offset_ns;
  std::uint64_t realtime_ns = 0;
  if (const auto* steady = std::get_if<SteadyTime>(&point)) {
    realtime_ns = steady->ns;
    offset_ns = timeline.start().steady_offset_ns;
  } else if (const auto* absolute = std::get_if<AbsoluteTime>(&point)) {
    realtime_ns = absolute->ns;
  } else {
    const auto civil = on_first_day(std::get<TimeOfDay>(point), timeline, utc_);
    realtime_ns = civil.epoch_ns(civil.moments(utc_).instead);
  }
  // A time before the monotonic clock began becomes 0. The offset is taken modulo 2^64, hence the signed
  // comparison.
  const auto monotonic_ns = static_cast<std::int64_t>(realtime_ns - offset_ns);
  return monotonic_ns < 0 ? 0 : static_cast<std::uint64_t>(monotonic_ns);
}

std::vector<std::string> TimeFilter::doubts(const Timeline& timeline) const {
  std::vector<std::string> doubts;
  for (const auto* list : {&since_.any, &since_.none, &until_.any, &until_.none}) {
    for (const auto& point : *list) {
      const auto* time = std::get_if<TimeOfDay>(&point);
      if (time == nullptr) continue;
      const auto civil = on_first_day(*time, timeline, utc_);
      const auto minutes = time->ns / kNsPerSecond / 60;
      if (const auto doubt = doubt_of(civil.moments(utc_)); !doubt.empty())
        doubts.push_back(fmt::format("{:02}:{:02} on the day on which the trace began: {}", minutes / 60,
                                     minutes % 60, doubt));
    }
  }
  return doubts;
}

TimeFilter::Range TimeFilter::range_in(const Timeline::Span& span, const Timeline& timeline) const {
  Range range;
  const auto of = [&](const TimePoint& point) { return monotonic_of(point, span, timeline); };
  if (!since_.any.empty()) {
    range.first_ns = UINT64_MAX;
    for (const auto& point : since_.any) range.first_ns = std::min(range.first_ns, of(point));
  }
  for (const auto& point : until_.none) range.first_ns = std::max(range.first_ns, of(point));
  if (!until_.any.empty()) {
    range.end_ns = 0;
    for (const auto& point : until_.any) range.end_ns = std::max(range.end_ns, of(point));
  }
  for (const auto& point : since_.none) range.end_ns = std::min(range.end_ns, of(point));
  return range;
}

bool TimeFilter::may_match(std::uint64_t first_ns, std::uint64_t last_ns, const Timeline& timeline) const {
  if (!active()) return true;
  for (std::uint64_t at = first_ns;;) {
    const auto span = timeline.span_at(at);
    const auto range = range_in(span, timeline);
    if (!range.empty() && range.first_ns <= std::min(span.last_ns, last_ns) && range.end_ns > at) return true;
    if (span.last_ns >= last_ns) return false;
    at = span.last_ns + 1;
  }
}

}  // namespace rfan::replay
