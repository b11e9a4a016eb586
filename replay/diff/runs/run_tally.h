// Counts one run of a comparison: what each program did to each path, before names are folded.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "format/model/byte_io.h"
#include "format/trace/trace_reader.h"
#include "replay/diff/names/process_shape.h"
#include "replay/query/filter.h"
#include "replay/trace/notes.h"

namespace rfan::replay {

// Sums over the events of one program (shape), path and kind.
//
// `waited` is the time before an event since the previous event of the same process: the time for what the
// process did in between, such as looking the path up, or reading the file before closing it. Time in which a
// descendant is active counts for the descendant, not for the waiting ancestor. The first event of an image
// has no such time.
//
// `repeats` are closes by the process that also did the close before on the same file. Their number means
// nothing, since the kernel merges equal events that wait in its queue (fanotify(7)).
struct TallyCell {
  std::uint32_t shape = 0;
  format::PathId path = 0;  // for a rename: the target
  format::EventKind kind = format::EventKind::kOpen;
  std::uint32_t events = 0;
  std::uint32_t repeats = 0;      // of the events
  std::uint32_t even_events = 0;  // events without repeats in even slices
  std::uint32_t waits = 0;
  std::uint64_t waited_ns = 0;
  double waited_log2 = 0;  // sum of logarithms
  double waited_log2_squares = 0;
  format::ProcessId last_process = 0;
};

// The steps of one process in order, for --sequence. Consecutive equal events are one step.
struct ProcessSteps {
  format::ProcessId process = 0;
  std::vector<std::uint64_t> steps;  // path << 8 | kind
};

// The reference of relative times and percentages, see Timeline.
struct RecordingTime {
  RecordingStart start;
  std::uint64_t first_event_ns = 0;
  std::uint64_t last_event_ns = 0;
};

struct TallyOptions {
  ConditionPtr filter;  // null: everything
  bool sequences = false;
  bool replies = true;
  std::optional<RecordingTime> recording{};  // if it is known before the file is read
  TimeStyle time_style = TimeStyle::kLocal;  // of notes
};

// Everything that a comparison keeps of a run. Memory: the dictionary, and one cell for each distinct shape,
// path and kind (with `replies`, also a count for each cell and bucket of a latency; with `sequences`, 8
// bytes for each event that differs from the one before).
class RunTally {
 public:
  // Reads a trace to its end. Fails if the source is unreadable or not a trace. Reports missing data to
  // `note` and sets partial().
  static Result<std::unique_ptr<RunTally>> read(std::unique_ptr<format::ByteSource> source,
                                                const NameFolding& folding, const TallyOptions& options,
                                                const NoteSink& note);

  const format::TraceMeta& meta() const { return reader_->meta(); }
  const format::Dictionary& dictionary() const { return reader_->dictionary(); }
  const std::string& name() const { return name_; }
  const std::vector<TallyCell>& cells() const { return cells_; }
  // Returns the reply latencies of held events, if TallyOptions::replies: cell << 8 | bucket of
  // LatencyHistogram, to a count.
  const absl::flat_hash_map<std::uint64_t, std::uint32_t>& replies() const { return replies_; }
  const std::vector<ProcessShape>& shapes() const { return shapes_->shapes(); }
  const FoldCounts& shape_fold_counts() const { return shapes_->fold_counts(); }
  // Returns how often each shape ran: its processes with events that match the filter, without the forks that
  // did not execute a program of their own.
  const std::vector<std::uint32_t>& executions() const { return executions_; }
  const std::vector<ProcessSteps>& sequences() const { return sequences_; }
  std::uint32_t shape_of(format::ProcessId process) const { return shapes_->shape_of(process); }
  // Returns true if the run created the file, and deleted or renamed it.
  bool is_temporary(format::PathId path) const;
  // Returns the pids of the processes that created the file, and of their parents.
  std::span<const std::uint32_t> creators(format::PathId path) const;

  std::uint64_t events() const { return events_; }
  std::uint64_t first_ns() const { return first_ns_; }  // CLOCK_MONOTONIC
  std::uint64_t last_ns() const { return last_ns_; }
  std::uint64_t duration_ns() const { return last_ns_ - first_ns_; }
  // Returns the losses within the time of the filter.
  const std::vector<format::Loss>& losses() const { return losses_; }
  bool partial() const { return partial_; }

 private:
  friend class TallyReader;
  RunTally() = default;

  std::string name_;
  std::unique_ptr<format::TraceReader> reader_;
  std::unique_ptr<ShapeTable> shapes_;
  std::vector<TallyCell> cells_;
  absl::flat_hash_map<std::uint64_t, std::uint32_t> replies_;
  std::vector<std::uint32_t> executions_;
  std::vector<ProcessSteps> sequences_;
  std::vector<std::uint8_t> fate_;  // by PathId: created, gone
  absl::flat_hash_map<format::PathId, std::vector<std::uint32_t>> creators_;
  std::uint64_t events_ = 0;
  std::uint64_t first_ns_ = 0;
  std::uint64_t last_ns_ = 0;
  std::vector<format::Loss> losses_;
  bool partial_ = false;
};

// One file of a run. A rotated set has several.
struct RunPart {
  std::size_t run = 0;
  std::unique_ptr<RunTally> tally;
  std::string path{};      // of the file
  bool stream = false;     // a pipe or the like, which can be read once
  TallyOptions options{};  // with which it was read
};

// The number of runs of each side. The base runs come first.
struct RunCounts {
  std::size_t base = 1;
  std::size_t fresh = 1;
  std::size_t all() const { return base + fresh; }
};

}  // namespace rfan::replay
