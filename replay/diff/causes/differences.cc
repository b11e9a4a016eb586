#include "replay/diff/causes/differences.h"

#include <absl/container/flat_hash_map.h>

#include <algorithm>

namespace rfan::replay {

bool is_writing(format::EventKind kind) {
  using enum format::EventKind;
  return kind != kOpen && kind != kExec && kind != kAccess && kind != kCloseNowrite;
}

std::vector<double> count_floors(const Samples& samples, const std::vector<double>& even) {
  const double dispersion =
      samples.replicated() ? count_dispersion(samples) : slice_dispersion(even, samples.values);
  std::vector<double> floors(samples.keys());
  for (std::size_t key = 0; key < floors.size(); ++key) {
    // Take the mean of the two sides, not of all runs, since the sides may have different sizes.
    const double mean = (base_mean(samples, key) + new_mean(samples, key)) / 2;
    floors[key] = dispersion * std::max(mean, 0.5);
  }
  return floors;
}

namespace {

// Returns a p-value for each unit; 1 with one run a side.
std::vector<double> tested(const Samples& samples) {
  std::vector<double> p_values(samples.keys(), 1.0);
  if (!samples.replicated()) return p_values;
  const NoiseFloor noise(samples, count_floors(samples, {}));
  for (std::size_t i = 0; i < p_values.size(); ++i) p_values[i] = noise.p_value(i);
  return p_values;
}

}  // namespace

Differences find_differences(const Comparison& comparison) {
  const auto runs = comparison.runs();
  auto samples = comparison.samples();
  std::vector<Difference> units;
  absl::flat_hash_map<std::uint64_t, std::uint32_t> ids;
  for (std::size_t cell = 0; cell < comparison.cells().size(); ++cell) {
    const auto& [actor, path, kind] = comparison.cells()[cell];
    const bool writes = is_writing(kind);
    const auto key =
        static_cast<std::uint64_t>(actor) << 33U | static_cast<std::uint64_t>(path) << 1U | writes;
    const auto [entry, added] = ids.try_emplace(key, static_cast<std::uint32_t>(units.size()));
    if (added) {
      units.push_back({actor, path, writes});
      samples.values.resize(samples.values.size() + runs);
    }
    if (kind == format::EventKind::kExec)
      units[entry->second].executions_delta += comparison.events_delta(cell);
    for (std::size_t run = 0; run < runs; ++run) {
      samples.values[entry->second * runs + run] += comparison.sum(cell, run).telling_events();
    }
  }
  Differences result;
  result.keys = units.size();
  if (units.empty()) return result;
  const auto p_values = tested(samples);
  const auto q_values = benjamini_hochberg(p_values);
  for (std::size_t i = 0; i < units.size(); ++i) {
    auto& unit = units[i];
    unit.base = base_mean(samples, i);
    unit.fresh = new_mean(samples, i);
    if (unit.base == unit.fresh) continue;
    unit.p_value = p_values[i];
    (q_values[i] <= kFalseDiscoveryRate ? result.significant : result.hidden).push_back(unit);
  }
  return result;
}

}  // namespace rfan::replay
