#include "replay/diff/runs/comparison.h"

#include <numeric>

#include "replay/query/parallel.h"

namespace rfan::replay {
namespace {

using format::EventKind;

std::vector<std::string> folded_paths(const RunTally& run, const NameFolding& folding, FoldCounts& counts) {
  const auto& dictionary = run.dictionary();
  std::vector<std::string> paths(dictionary.path_count() + 1);
  for (format::PathId id = 1; id < paths.size(); ++id) {
    if (dictionary.knows_path(id)) paths[id] = folding.fold(dictionary.path(id), run.evidence(id), counts);
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
    : parts_(parts), run_counts_(counts), counts_(folding.no_counts()) {
  std::vector<RunShapes> shapes;
  for (const auto& part : parts) {
    shapes.push_back({part.run < counts.base ? Side::kBase : Side::kNew, part.tally->shapes()});
  }
  match_ = match_processes(shapes);
  count_processes();
  fold_paths(folding, threads);
  merge_cells();
}

void Comparison::count_processes() {
  processes_.resize(match_.actors.size() * runs());
  for (std::size_t part = 0; part < parts_.size(); ++part) {
    const auto& counts = parts_[part].tally->processes();
    for (std::size_t shape = 0; shape < counts.size(); ++shape) {
      processes_[match_.actor_of[part][shape] * runs() + parts_[part].run] += counts[shape];
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

void Comparison::merge_cells() {
  CellIds ids;
  for (std::size_t part = 0; part < parts_.size(); ++part) {
    auto& cell_of = cell_of_.emplace_back();
    for (const auto& cell : parts_[part].tally->cells()) {
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

double Comparison::mean(std::span<const double> values, Side side) const {
  const auto part = side == Side::kBase ? values.first(base_runs()) : values.subspan(base_runs());
  return std::accumulate(part.begin(), part.end(), 0.0) / static_cast<double>(part.size());
}

}  // namespace rfan::replay
