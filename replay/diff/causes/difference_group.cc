#include "replay/diff/causes/difference_group.h"

#include <absl/container/flat_hash_map.h>

#include <algorithm>
#include <cmath>
#include <map>

namespace rfan::replay {

Finding summed(const DifferenceGroup& group, const Comparison& comparison,
               std::span<const Difference> differences) {
  Finding finding;
  finding.change = group.change;
  absl::flat_hash_map<std::uint32_t, double> by_path;
  std::vector<double> p_values;
  for (const auto i : group.members) {
    const auto& difference = differences[i];
    finding.base += difference.base;
    finding.fresh += difference.fresh;
    finding.all_events += difference.base + difference.fresh;
    finding.events += group.change == Change::kProgram ? std::abs(difference.delta()) : difference.delta();
    by_path[difference.path] += std::abs(difference.delta());
    p_values.push_back(difference.p_value);
  }
  std::sort(p_values.begin(), p_values.end());
  for (std::size_t i = 0; i < p_values.size(); ++i) {
    finding.joint_p = std::min(finding.joint_p, p_values[i] / static_cast<double>(i + 1));
  }
  finding.files = by_path.size();
  std::vector<std::pair<double, std::string_view>> order;
  for (const auto& [path, delta] : by_path) order.emplace_back(-delta, comparison.paths()[path]);
  std::sort(order.begin(), order.end());
  order.resize(std::min(order.size(), Finding::kMaxPaths));
  for (const auto& [delta, path] : order) finding.paths.emplace_back(path);
  return finding;
}

std::string program_labels(std::span<const std::uint32_t> members, const Comparison& comparison,
                           std::span<const Difference> differences) {
  std::map<std::string, double> deltas;
  for (const auto i : members)
    deltas[comparison.actors()[differences[i].actor].program().label()] += std::abs(differences[i].delta());
  std::vector<std::pair<double, std::string>> order;
  for (const auto& [label, delta] : deltas) order.emplace_back(-delta, label);
  std::sort(order.begin(), order.end());
  constexpr std::size_t kMaxNamed = 3;
  std::string text;
  for (std::size_t i = 0; i < std::min(order.size(), kMaxNamed); ++i)
    text += (i ? ", " : "") + order[i].second;
  if (order.size() > kMaxNamed) text += " and " + std::to_string(order.size() - kMaxNamed) + " more";
  return text;
}

}  // namespace rfan::replay
