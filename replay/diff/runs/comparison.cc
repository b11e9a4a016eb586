#include "replay/diff/runs/comparison.h"

#include <algorithm>
#include <numeric>

#include "replay/diff/names/random_names.h"
#include "replay/query/parallel.h"

namespace rfan::replay {
namespace {

using format::EventKind;

std::vector<std::string> folded_paths(const RunTally& run, const NameFolding& folding, FoldCounts& counts) {
  const auto& dictionary = run.dictionary();
  std::vector<std::string> paths(dictionary.path_count() + 1);
  for (format::PathId id = 1; id < paths.size(); ++id) {
    if (dictionary.knows_path(id)) paths[id] = folding.fold(dictionary.path(id), run.creators(id), counts);
  }
  return paths;
}

std::uint64_t packed(const ComparedCell& cell) {
  return static_cast<std::uint64_t>(cell.actor) << 36U | static_cast<std::uint64_t>(cell.path) << 4U |
         static_cast<std::uint64_t>(cell.kind);
}

}  // namespace

void RunSum::add(const RunSum& other) {
  events += other.events;
  repeats += other.repeats;
  even_events += other.even_events;
  waits += other.waits;
  waited_ns += other.waited_ns;
  waited_log2 += other.waited_log2;
  waited_log2_squares += other.waited_log2_squares;
  files += other.files;
}

Comparison::Comparison(std::span<const RunPart> parts, RunCounts counts, const NameFolding& folding,
                       std::size_t threads)
    : parts_(parts),
      run_counts_(counts),
      terms_(compare_terms(parts, counts.base)),
      counts_(folding.no_counts()) {
  fold_paths(folding, threads);
  const auto random = folding.enabled(FoldRule::kTemp) ? fold_random() : FoldedNames();
  match_actors(random);
  merge_cells();
}

// Matches the processes. A program whose file has a random name is called by the folded one.
void Comparison::match_actors(const FoldedNames& random) {
  std::vector<std::vector<ProcessShape>> shapes;
  std::vector<RunShapes> of_parts;
  const auto rename = [&](std::string& name) {
    if (const auto folded = random.find(name); folded != random.end()) name = folded->second;
  };
  for (const auto& part : parts_) {
    auto& own = shapes.emplace_back(part.tally->shapes());
    if (random.empty()) continue;
    for (auto& shape : own) {
      for (auto& program : shape.chain) rename(program.exe), rename(program.script);
    }
  }
  for (std::size_t part = 0; part < parts_.size(); ++part) {
    of_parts.push_back({parts_[part].run < base_runs() ? Side::kBase : Side::kNew, shapes[part]});
  }
  match_ = match_processes(of_parts);
  executions_.resize(match_.actors.size() * runs());
  for (std::size_t part = 0; part < parts_.size(); ++part) {
    const auto& counts = parts_[part].tally->executions();
    for (std::size_t shape = 0; shape < counts.size(); ++shape) {
      executions_[match_.actor_of[part][shape] * runs() + parts_[part].run] += counts[shape];
    }
  }
}

// Folds the names of each file in parallel, since folding is most of the work. Numbers the folded names on
// one thread.
void Comparison::fold_paths(const NameFolding& folding, std::size_t threads) {
  std::vector<std::vector<std::string>> folded(parts_.size());
  std::vector<FoldCounts> counts(parts_.size(), folding.no_counts());
  in_parallel(threads, parts_.size(), [&](std::size_t part) {
    folded[part] = folded_paths(*parts_[part].tally, folding, counts[part]);
  });
  absl::flat_hash_map<std::string, std::uint32_t> ids;
  for (std::size_t part = 0; part < parts_.size(); ++part) {
    counts_.add(counts[part]);
    auto& path_of = path_of_.emplace_back();
    path_of.reserve(folded[part].size());
    for (auto& path : folded[part]) {
      const auto [entry, added] = ids.try_emplace(path, static_cast<std::uint32_t>(paths_.size()));
      if (added) paths_.push_back(std::move(path));
      path_of.push_back(entry->second);
    }
  }
}

// Gives names that random_names.h folds one id, and returns them with their old names.
Comparison::FoldedNames Comparison::fold_random() {
  std::vector<NameUse> uses(paths_.size());
  for (std::size_t id = 0; id < uses.size(); ++id) uses[id].name = paths_[id];
  for (std::size_t part = 0; part < parts_.size(); ++part) {
    for (format::PathId path = 1; path < path_of_[part].size(); ++path) {
      auto& use = uses[path_of_[part][path]];
      use.runs |= std::uint32_t{1} << parts_[part].run;
      use.temporary |= parts_[part].tally->is_temporary(path);
    }
  }
  auto folded = fold_random_names(uses);
  uses.clear();
  FoldedNames random;
  if (std::all_of(folded.begin(), folded.end(), [](const auto& name) { return name.empty(); })) return random;
  std::vector<std::uint32_t> id_of(paths_.size());
  std::vector<std::string> paths;
  absl::flat_hash_map<std::string, std::uint32_t> ids;
  for (std::size_t id = 0; id < paths_.size(); ++id) {
    auto& name = folded[id].empty() ? paths_[id] : folded[id];
    if (!folded[id].empty()) random.emplace(paths_[id], name);
    const auto [entry, added] = ids.try_emplace(name, static_cast<std::uint32_t>(paths.size()));
    if (added) paths.push_back(std::move(name));
    id_of[id] = entry->second;
  }
  counts_.rules[static_cast<std::size_t>(FoldRule::kTemp)] += random.size();
  for (auto& path_of : path_of_) {
    for (auto& path : path_of) path = id_of[path];
  }
  paths_ = std::move(paths);
  return random;
}

void Comparison::merge_cells() {
  // Runs that are compared mostly have the same cells.
  std::size_t most = 0;
  for (const auto& part : parts_) most = std::max(most, part.tally->cells().size());
  CellIds ids;
  ids.reserve(most);
  cells_.reserve(most);
  sums_.reserve(most * runs());
  for (std::size_t part = 0; part < parts_.size(); ++part) {
    auto& cell_of = cell_of_.emplace_back();
    for (const auto& cell : parts_[part].tally->cells()) {
      if ((terms_.kinds >> static_cast<unsigned>(cell.kind) & 1U) == 0) {
        cell_of.push_back(kNoCell);
        continue;
      }
      const ComparedCell key{match_.actor_of[part][cell.shape], path_of_[part][cell.path], cell.kind};
      const auto [entry, added] = ids.try_emplace(packed(key), static_cast<std::uint32_t>(cells_.size()));
      if (added) {
        cells_.push_back(key);
        sums_.resize(sums_.size() + runs());
      }
      cell_of.push_back(entry->second);
      sums_[entry->second * runs() + parts_[part].run].add({cell.events, cell.repeats, cell.even_events,
                                                            cell.waits, cell.waited_ns, cell.waited_log2,
                                                            cell.waited_log2_squares, 1});
    }
  }
  let_opens_speak_for_closes(ids);
}

// Leaves only the opens of a file to be counted: two processes of one program may close it in turns, so that
// repeats are not seen. A close that wrote still counts, because nothing else tells of it.
void Comparison::let_opens_speak_for_closes(const CellIds& ids) {
  for (std::size_t i = 0; i < cells_.size(); ++i) {
    const auto& [actor, path, kind] = cells_[i];
    if (kind != EventKind::kCloseNowrite || !ids.contains(packed({actor, path, EventKind::kOpen}))) continue;
    for (std::size_t run = 0; run < runs(); ++run) {
      auto& sum = sums_[i * runs() + run];
      sum.repeats = sum.events;
      sum.even_events = 0;
    }
  }
}

template <typename Value>
double Comparison::delta(std::size_t cell, Value value) const {
  double of_side[2] = {0, 0};
  for (std::size_t run = 0; run < runs(); ++run)
    of_side[run >= base_runs()] += static_cast<double>(value(sum(cell, run)));
  return of_side[1] / static_cast<double>(run_counts_.fresh) - of_side[0] / static_cast<double>(base_runs());
}

double Comparison::events_delta(std::size_t cell) const {
  return delta(cell, [](const RunSum& sum) { return sum.events; });
}

double Comparison::waited_delta_ns(std::size_t cell) const {
  return delta(cell, [](const RunSum& sum) { return sum.waited_ns; });
}

double Comparison::mean_duration_ns(Side side) const {
  std::vector<double> durations(runs());
  for (const auto& part : parts_) durations[part.run] += static_cast<double>(part.tally->duration_ns());
  return mean(durations, side);
}

double Comparison::mean(std::span<const double> values, Side side) const {
  const auto part = side == Side::kBase ? values.first(base_runs()) : values.subspan(base_runs());
  return std::accumulate(part.begin(), part.end(), 0.0) / static_cast<double>(part.size());
}

}  // namespace rfan::replay
