// Puts all runs of a comparison side by side, under folded names and matched programs.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "replay/diff/names/process_matching.h"
#include "replay/diff/runs/recording_terms.h"
#include "replay/diff/runs/run_tally.h"
#include "replay/diff/runs/significance.h"

namespace rfan::replay {

// The counts of one run for one key. All members of several keys may be added, except `files`.
struct RunSum {
  std::uint64_t events = 0;
  // Those of TallyCell; besides, closes without writing of a file that the program opens.
  std::uint64_t repeats = 0;
  std::uint64_t even_events = 0;
  std::uint64_t waits = 0;
  std::uint64_t waited_ns = 0;
  double waited_log2 = 0;
  double waited_log2_squares = 0;
  std::uint32_t files = 0;  // distinct names before folding

  void add(const RunSum& other);
  // Returns the events without repeats, whose number means nothing.
  double telling_events() const { return static_cast<double>(events - repeats); }
};

struct ComparedCell {
  std::uint32_t actor = 0;
  std::uint32_t path = 0;
  format::EventKind kind = format::EventKind::kOpen;
};

// All runs as one table of cells (program, path, kind) and runs; of the kinds that all runs recorded.
// Immutable after construction. Memory: one RunSum for each run and distinct program, path and kind.
class Comparison {
 public:
  // `parts` must outlive this object.
  Comparison(std::span<const RunPart> parts, RunCounts counts, const NameFolding& folding,
             std::size_t threads);

  std::size_t base_runs() const { return run_counts_.base; }
  std::size_t runs() const { return run_counts_.all(); }
  std::span<const RunPart> parts() const { return parts_; }
  Samples samples() const { return {run_counts_.base, run_counts_.fresh}; }  // without values

  const std::vector<std::string>& paths() const { return paths_; }
  const std::vector<ProcessShape>& actors() const { return match_.actors; }
  std::uint32_t actor_of(std::size_t part, std::uint32_t shape) const { return match_.actor_of[part][shape]; }
  std::uint32_t path_of(std::size_t part, format::PathId path) const { return path_of_[part][path]; }
  // Returns how often an actor was executed in each run.
  std::span<const double> executions(std::uint32_t actor) const {
    return {&executions_[actor * runs()], runs()};
  }

  const std::vector<ComparedCell>& cells() const { return cells_; }
  const RunSum& sum(std::size_t cell, std::size_t run) const { return sums_[cell * runs() + run]; }
  // Returns the difference of the sides' mean events.
  double events_delta(std::size_t cell) const;
  double waited_delta_ns(std::size_t cell) const;
  // Returns the cell into which a cell of a part was merged; kNoCell if other recordings lack its kind.
  static constexpr std::uint32_t kNoCell = ~std::uint32_t{0};
  std::uint32_t cell_of(std::size_t part, std::size_t tally_cell) const { return cell_of_[part][tally_cell]; }

  double mean(std::span<const double> values, Side side) const;
  // Returns the mean duration of the runs of a side. A run of several files is as long as all of them.
  double mean_duration_ns(Side side) const;
  const FoldCounts& fold_counts() const { return counts_; }
  const RecordingTerms& terms() const { return terms_; }

 private:
  void fold_paths(const NameFolding& folding, std::size_t threads);
  template <typename Value>
  double delta(std::size_t cell, Value value) const;

  using FoldedNames = absl::flat_hash_map<std::string, std::string>;  // by the name before
  FoldedNames fold_random();
  void match_actors(const FoldedNames& random);
  void merge_cells();
  using CellIds = absl::flat_hash_map<std::uint64_t, std::uint32_t>;  // packed ComparedCell to its index
  void let_opens_speak_for_closes(const CellIds& ids);

  std::span<const RunPart> parts_;
  RunCounts run_counts_;
  RecordingTerms terms_;
  FoldCounts counts_;
  ActorMatch match_;
  std::vector<double> executions_;
  std::vector<std::string> paths_;
  std::vector<std::vector<std::uint32_t>> path_of_;  // by part, then PathId
  std::vector<ComparedCell> cells_;
  std::vector<RunSum> sums_;
  std::vector<std::vector<std::uint32_t>> cell_of_;
};

}  // namespace rfan::replay
