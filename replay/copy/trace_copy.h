// Copies names, clocks and events of traces into a new trace.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "format/model/dictionary.h"
#include "format/model/event_block.h"
#include "format/trace/trace_writer.h"
#include "replay/copy/redaction.h"

namespace rfan::replay {

// How ids are given in the new trace.
//
// kKept: ids stay the same as in the source, and its whole dictionary is copied. Blocks can then be copied as
// they are. Needs a single source without gaps in its dictionary.
//
// kByUse: names get new ids when a copied event uses them. A process keeps its parent if the parent is in the
// new trace by then.
enum class CopiedIds : std::uint8_t { kKept, kByUse };

// Copies into one writer. Events and blocks must come in the order of time; each clock sample is written when
// time passes it. One thread.
class TraceCopy {
 public:
  // `redaction` may be null. `clocks` must ascend; if there are none, the monotonic clock stands for the time
  // of day.
  TraceCopy(format::TraceWriter& writer, const Redaction* redaction, std::vector<format::ClockSample> clocks)
      : writer_(writer), redaction_(redaction), clocks_(std::move(clocks)) {}

  // Sets the source of the following calls. `dictionary` must be complete.
  Status begin(const format::Dictionary& dictionary, CopiedIds ids);
  CopiedIds ids() const { return ids_; }

  // Also copies the names that no event uses. Only with kByUse.
  Status add_all_names();
  Status add_event(format::Event event);
  // Copies a block as it is. Only with kKept.
  Status add_block(const format::EncodedBlock& block, const format::LatencyHistogram& latencies);

  // Finishes the trace with `summary`, see TraceWriter::finish().
  Status finish(format::TraceSummary summary);
  std::uint64_t events() const { return events_; }

 private:
  Status pass_clocks(std::uint64_t time_ns);
  format::ClockSample clock() const;
  Status keep_names();
  std::string path_text(format::PathId id) const;
  Result<format::PathId> path(format::PathId id);
  Result<format::ProcessId> process(format::ProcessId id);
  format::ProcessId known_process(format::ProcessId id) const;
  std::string identity(const format::ProcessEntry& process) const;

  format::TraceWriter& writer_;
  const Redaction* redaction_;
  std::vector<format::ClockSample> clocks_;
  std::size_t next_clock_ = 0;
  std::uint64_t events_ = 0;
  std::uint64_t last_ns_ = 0;

  const format::Dictionary* dictionary_ = nullptr;
  CopiedIds ids_ = CopiedIds::kByUse;
  std::vector<format::PathId> paths_;         // by id of the source; 0: not in the new trace yet
  std::vector<format::ProcessId> processes_;  // likewise
  std::unordered_map<std::string, format::ProcessId>
      by_identity_;  // the files of a recording share processes
};

}  // namespace rfan::replay
