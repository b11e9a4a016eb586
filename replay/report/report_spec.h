// The specification of a report: how events are grouped, and what is counted for each group.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "format/base/error.h"
#include "format/model/event.h"
#include "replay/report/grouping.h"

namespace rfan::replay {

enum class Measure : std::uint8_t {
  kEvents,
  kShare,    // of the events that match the filter
  kOpens,    // events of kind open
  kReopens,  // opens of a file that the process has opened before
  kShort,    // opens that the same process closed again before ReportSpec::short_ns passed
  kFiles,    // distinct paths
  kFirst,
  kLast,
  kRate,  // events a second between first and last
  kWait,  // sum of reply latencies
  kP50,
  kP90,
  kP99,
  kMax,  // of reply latencies, rounded up as LatencyHistogram does
};
inline constexpr std::size_t kMeasureCount = 14;

std::string_view measure_name(Measure measure);
std::string measure_names();
Result<std::vector<Measure>> parse_measures(std::string_view comma_list);

struct ReportSpec {
  GroupingSpec grouping;
  std::vector<Measure> measures;
  std::uint64_t short_ns = 1'000'000;

  bool wants(Measure measure) const;
  bool wants_latencies() const;
  bool wants_times() const;
  format::ColumnSet columns() const;
};

}  // namespace rfan::replay
