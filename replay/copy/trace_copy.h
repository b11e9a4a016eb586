// Names, clocks and events of traces on their way into a new one.
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

// What ids mean in the new trace. kKept: the same as in the source, whose whole dictionary comes along;
// blocks can then be copied as they are. Only of one source, without gaps in its dictionary. kByUse: given
// anew, to what an added event names; a process keeps its parent when that is in the new trace by then.
enum class CopiedIds : std::uint8_t { kKept, kByUse };

// One thread. Events and blocks come in the order of time; clocks are written as time passes theirs.
class TraceCopy {
 public:
  // `redaction` may be null. `clocks` ascend; without any, the monotonic clock stands for the time of day.
  TraceCopy(format::TraceWriter& writer, const Redaction* redaction, std::vector<format::ClockSample> clocks)
      : writer_(writer), redaction_(redaction), clocks_(std::move(clocks)) {}

  // The source of what follows; `dictionary` is complete.
  Status begin(const format::Dictionary& dictionary, CopiedIds ids);
  CopiedIds ids() const { return ids_; }

  // With kByUse: also the names that no event uses.
  Status add_all_names();
  Status add_event(format::Event event);
  // With kKept only.
  Status add_block(const format::EncodedBlock& block, const format::LatencyHistogram& latencies);

  // `summary` as TraceWriter::finish() takes it.
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
  std::vector<format::PathId> paths_;         // by id of the source; 0: not yet in the new trace
  std::vector<format::ProcessId> processes_;  // the same
  std::unordered_map<std::string, format::ProcessId>
      by_identity_;  // the files of a recording share processes
};

}  // namespace rfan::replay
