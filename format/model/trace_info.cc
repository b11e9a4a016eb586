#include "format/model/trace_info.h"

#include <algorithm>

namespace rfan::format {

void TraceTotals::merge(const TraceTotals& other) {
  if (other.events == 0) return;
  first_ns = events == 0 ? other.first_ns : std::min(first_ns, other.first_ns);
  last_ns = events == 0 ? other.last_ns : std::max(last_ns, other.last_ns);
  events += other.events;
  events_with_exe += other.events_with_exe;
  for (std::size_t kind = 0; kind < by_kind.size(); ++kind) by_kind[kind] += other.by_kind[kind];
  reply_latency.merge(other.reply_latency);
}

std::string_view hold_mode_name(HoldMode mode) {
  switch (mode) {
    case HoldMode::kNone:
      return "none";
    case HoldMode::kExec:
      return "exec";
    case HoldMode::kOpen:
      return "open";
  }
  return "unknown";
}

std::string_view end_reason_name(EndReason reason) {
  switch (reason) {
    case EndReason::kUnknown:
      return "unknown";
    case EndReason::kSignal:
      return "signal";
    case EndReason::kDuration:
      return "duration";
    case EndReason::kCommandEnded:
      return "command ended";
    case EndReason::kRotated:
      return "rotated, goes on in the next file";
    case EndReason::kWriteError:
      return "write error";
    case EndReason::kRecorderFailure:
      return "recorder failure";
  }
  return "unknown";
}

std::optional<double> TraceTotals::attribution_percent() const {
  if (events == 0) return std::nullopt;
  const std::uint64_t hundredths = events_with_exe * 10'000 / events;
  return static_cast<double>(hundredths) / 100;
}

}  // namespace rfan::format
