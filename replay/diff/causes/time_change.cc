#include "replay/diff/causes/time_change.h"

#include <absl/container/flat_hash_map.h>

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "replay/diff/causes/path_tree.h"

namespace rfan::replay {
namespace {

// Returns the program whose waiting grew most, and the part that it has of all that grew.
std::pair<std::uint32_t, double> slowest_actor(const Comparison& comparison) {
  std::vector<double> waited(comparison.actors().size());
  for (std::size_t cell = 0; cell < comparison.cells().size(); ++cell)
    waited[comparison.cells()[cell].actor] += comparison.waited_delta_ns(cell);
  double all = 0;
  for (const double ns : waited) all += std::max(0.0, ns);
  const auto most = std::max_element(waited.begin(), waited.end());
  return {static_cast<std::uint32_t>(most - waited.begin()), all == 0 ? 0 : *most / all};
}

// Returns the innermost directory before whose files the actor spent kMostOfIt of the time by which it waited
// longer.
std::string_view slowest_directory(const Comparison& comparison, std::uint32_t actor) {
  constexpr double kMostOfIt = 0.6;
  absl::flat_hash_map<std::string_view, double> waited;
  for (std::size_t cell = 0; cell < comparison.cells().size(); ++cell) {
    const double longer = comparison.waited_delta_ns(cell);
    if (comparison.cells()[cell].actor != actor || longer <= 0) continue;
    std::string_view directory = comparison.paths()[comparison.cells()[cell].path];
    while (!directory.empty()) {
      directory = parent_of(directory);
      waited[directory] += longer;
    }
  }
  // More than half lies below one directory at most at each depth, so that the longest name is the innermost.
  const double all = waited[""];
  std::string_view innermost;
  for (const auto& [directory, ns] : waited) {
    if (ns >= kMostOfIt * all && directory.size() > innermost.size()) innermost = directory;
  }
  return innermost;
}

}  // namespace

std::optional<TimeChange> find_time_change(const Comparison& comparison) {
  const double base = comparison.mean_duration_ns(Side::kBase);
  const double fresh = comparison.mean_duration_ns(Side::kNew);
  if (base <= 0 || fresh < base * kLeastTimeRatio || fresh < base + kLeastLongerNs) return {};
  const auto [actor, share] = slowest_actor(comparison);
  if (share == 0) return {};
  return TimeChange{fresh - base, fresh / base, comparison.actors()[actor].program().label(), share,
                    std::string(slowest_directory(comparison, actor))};
}

}  // namespace rfan::replay
