#include "replay/diff/causes/time_change.h"

#include <absl/container/flat_hash_map.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "replay/diff/causes/path_tree.h"

namespace rfan::replay {
namespace {

// Returns the mean duration of the runs of a side. A run of several files is as long as all of them.
double mean_duration_ns(const Comparison& comparison, Side side) {
  std::vector<double> durations(comparison.runs());
  for (const auto& part : comparison.parts())
    durations[part.run] += static_cast<double>(part.tally->duration_ns());
  return comparison.mean(durations, side);
}

}  // namespace

std::optional<TimeChange> find_time_change(const Comparison& comparison) {
  const double base = mean_duration_ns(comparison, Side::kBase);
  const double fresh = mean_duration_ns(comparison, Side::kNew);
  if (base <= 0 || fresh < base * kLeastTimeRatio || fresh < base + kLeastLongerNs) return {};
  absl::flat_hash_map<std::pair<std::uint32_t, std::string_view>, double> waited;
  for (std::size_t cell = 0; cell < comparison.cells().size(); ++cell) {
    const auto& [actor, path, kind] = comparison.cells()[cell];
    waited[{actor, parent_of(comparison.paths()[path])}] += comparison.waited_delta_ns(cell);
  }
  double all = 0;
  for (const auto& [place, ns] : waited) all += std::max(0.0, ns);
  if (all == 0) return {};
  const auto most = std::max_element(waited.begin(), waited.end(),
                                     [](const auto& a, const auto& b) { return a.second < b.second; });
  const auto& [actor, directory] = most->first;
  return TimeChange{fresh - base, fresh / base, comparison.actors()[actor].program().label(),
                    std::string(directory), most->second / all};
}

}  // namespace rfan::replay
