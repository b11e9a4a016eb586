#include "replay/trace/timeline.h"

#include <algorithm>

#include "format/trace/trace_reader.h"

namespace rfan::replay {

void Timeline::refresh(std::uint64_t first_event_ns) {
  ++version_;
  if (start_) return;
  const auto start_ns =
      clocks_.empty() ? first_event_ns : std::min(first_event_ns, clocks_.front().monotonic_ns);
  start_ = RecordingStart{start_ns, span_at(start_ns).offset_ns};
}

void Timeline::set_unit(std::uint32_t unit_ns) {
  decimals_ = 0;
  for (std::uint64_t step_ns = 1'000'000'000; decimals_ < kMaxDecimals && step_ns > unit_ns; step_ns /= 10)
    ++decimals_;
}

Timeline::Span Timeline::span_at(std::uint64_t monotonic_ns) const {
  if (clocks_.empty()) return {0, UINT64_MAX, 0};
  const auto next = std::upper_bound(
      clocks_.begin(), clocks_.end(), monotonic_ns,
      [](std::uint64_t ns, const format::ClockSample& clock) { return ns < clock.monotonic_ns; });
  // All times before the second sample use the first one, even those before the first.
  const bool in_first = next == clocks_.begin() || next == clocks_.begin() + 1;
  const auto after = next == clocks_.begin() ? next + 1 : next;
  Span span;
  span.begin_ns = in_first ? 0 : (next - 1)->monotonic_ns;
  span.last_ns = after == clocks_.end() ? UINT64_MAX : after->monotonic_ns - 1;
  span.offset_ns = format::to_realtime_ns(clocks_, monotonic_ns) - monotonic_ns;
  return span;
}

}  // namespace rfan::replay
