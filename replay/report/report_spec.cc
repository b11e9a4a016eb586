#include "replay/report/report_spec.h"

#include <algorithm>
#include <array>

#include "replay/text/comma_list.h"

namespace rfan::replay {

namespace {

struct MeasureSpec {
  std::string_view name;
  format::ColumnSet columns;
};
constexpr format::ColumnSet kReply = format::kColumnReply | format::kColumnFlags;
constexpr format::ColumnSet kWhoWhat = format::kColumnKind | format::kColumnProcess | format::kColumnPath;

// By Measure.
constexpr std::array<MeasureSpec, kMeasureCount> kMeasures = {{{"events", 0},
                                                               {"share", 0},
                                                               {"opens", format::kColumnKind},
                                                               {"reopens", kWhoWhat},
                                                               {"short", kWhoWhat | format::kColumnTime},
                                                               {"files", format::kColumnPath},
                                                               {"first", format::kColumnTime},
                                                               {"last", format::kColumnTime},
                                                               {"rate", format::kColumnTime},
                                                               {"wait", kReply},
                                                               {"p50", kReply},
                                                               {"p90", kReply},
                                                               {"p99", kReply},
                                                               {"max", kReply}}};

}  // namespace

std::string_view measure_name(Measure measure) {
  return kMeasures[static_cast<std::size_t>(measure)].name;
}

std::string measure_names() {
  std::string names;
  for (const auto& measure : kMeasures) names.append(names.empty() ? "" : " ").append(measure.name);
  return names;
}

Result<std::vector<Measure>> parse_measures(std::string_view comma_list) {
  std::vector<Measure> measures;
  for (const auto name : names_in(comma_list)) {
    const auto* found = std::find_if(kMeasures.begin(), kMeasures.end(),
                                     [&](const auto& measure) { return measure.name == name; });
    if (found == kMeasures.end()) {
      return Error{"unknown column", std::string(name), 0, "the columns are " + measure_names()};
    }
    measures.push_back(static_cast<Measure>(found - kMeasures.begin()));
  }
  return measures;
}

bool ReportSpec::wants(Measure measure) const {
  return std::find(measures.begin(), measures.end(), measure) != measures.end();
}
bool ReportSpec::wants_latencies() const {
  return wants(Measure::kP50) || wants(Measure::kP90) || wants(Measure::kP99) || wants(Measure::kMax);
}
bool ReportSpec::wants_times() const {
  return wants(Measure::kFirst) || wants(Measure::kLast) || wants(Measure::kRate);
}
format::ColumnSet ReportSpec::columns() const {
  auto columns = grouping.columns();
  for (const auto measure : measures) columns |= kMeasures[static_cast<std::size_t>(measure)].columns;
  // Counting all events needs no column, but a block is only counted if something in it is decoded.
  return columns == 0 ? format::kColumnKind : columns;
}

}  // namespace rfan::replay
