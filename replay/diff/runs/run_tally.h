// One run of a comparison, counted: what each program did to each path, before any name is folded.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <cstdint>
#include <memory>
#include <optional>
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
// `waited` is the time in front of an event since the one before of the same process: what the process did
// on the way to it, such as looking the path up, or reading the file before closing it. While a descendant
// does something, that is the descendant's time, not the waiting ancestor's. The first event of an image has
// none.
//
// `repeats` are closes by the process that closed the same file right before. How many of them there are says
// nothing: the kernel makes one event of equal ones that wait in its queue (fanotify(7)).
struct TallyCell {
  std::uint32_t shape = 0;
  format::PathId path = 0;  // of a rename: the target
  format::EventKind kind = format::EventKind::kOpen;
  std::uint64_t events = 0;
  std::uint64_t repeats = 0;      // of those
  std::uint64_t even_events = 0;  // of the others, in slices of even number
  std::uint64_t waits = 0;
  std::uint64_t waited_ns = 0;
  double waited_log2 = 0;  // sum of the logarithms
  double waited_log2_squares = 0;
  format::ProcessId last_process = 0;
};

// What one process did in order, for --sequence: runs of the same event are one step.
struct ProcessSteps {
  format::ProcessId process = 0;
  std::vector<std::uint64_t> steps;  // path << 8 | kind
};

// What relative times and percentages refer to, see Timeline.
struct RecordingTime {
  RecordingStart start;
  std::uint64_t first_event_ns = 0;
  std::uint64_t last_event_ns = 0;
};

struct TallyOptions {
  ConditionPtr filter;  // null: everything
  bool sequences = false;
  std::optional<RecordingTime> recording{};  // where it is known before the file is read
  TimeStyle time_style = TimeStyle::kLocal;  // of notes
};

// Everything a comparison keeps of a run. Memory: the dictionary, and one cell for each distinct shape, path
// and kind (with `sequences`, also 8 bytes an event that is no repetition).
class RunTally {
 public:
  // Reads a trace to its end. An Error is a source that is no trace or cannot be read; what is missing is
  // told to `note` and kept in partial().
  static Result<std::unique_ptr<RunTally>> read(std::unique_ptr<format::ByteSource> source,
                                                const NameFolding& folding, const TallyOptions& options,
                                                const NoteSink& note);

  const format::Dictionary& dictionary() const { return reader_->dictionary(); }
  const std::string& name() const { return name_; }
  const std::vector<TallyCell>& cells() const { return cells_; }
  // Reply latencies of the held events of a cell: cell << 8 | bucket of LatencyHistogram, to a count.
  const absl::flat_hash_map<std::uint64_t, std::uint32_t>& replies() const { return replies_; }
  const std::vector<ProcessShape>& shapes() const { return shapes_->shapes(); }
  const FoldCounts& shape_fold_counts() const { return shapes_->fold_counts(); }
  // Of each shape, how many processes of it did something that the filter let through.
  const std::vector<std::uint32_t>& processes() const { return processes_; }
  const std::vector<ProcessSteps>& sequences() const { return sequences_; }
  std::uint32_t shape_of(format::ProcessId process) const { return shapes_->shape_of(process); }
  NameEvidence evidence(format::PathId path) const;

  std::uint64_t events() const { return events_; }
  std::uint64_t duration_ns() const { return last_ns_ - first_ns_; }
  // Those that fall into the time of the filter.
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
  std::vector<std::uint32_t> processes_;
  std::vector<ProcessSteps> sequences_;
  std::vector<std::uint8_t> fate_;  // by PathId: created, gone
  absl::flat_hash_map<format::PathId, std::vector<std::uint32_t>> creators_;
  std::uint64_t events_ = 0;
  std::uint64_t first_ns_ = 0;
  std::uint64_t last_ns_ = 0;
  std::vector<format::Loss> losses_;
  bool partial_ = false;
};

}  // namespace rfan::replay
