// Reads all of a trace and holds what it says twice against each other.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "format/base/error.h"
#include "format/model/byte_io.h"
#include "format/model/damage.h"
#include "format/model/event.h"
#include "format/model/trace_info.h"

namespace rfan::format {

// What is there of a trace.
struct TraceCheck {
  FileHeader header;
  TraceMeta meta;
  std::uint64_t blocks = 0;  // that decode
  TraceTotals totals;        // of these, counted from their columns
  std::vector<ClockSample> clocks;
  std::vector<Loss> losses;            // of the ledger
  std::optional<TraceSummary> footer;  // empty for a file that was not finished
  bool complete = false;               // there is a valid FOOTER and TRAILER at its end
  std::uint64_t bytes = 0;             // up to where it was read
  std::uint64_t damage_count = 0;      // calls of on_damage
  std::uint64_t unknown_frames = 0;    // of a newer minor version
};

// One pass from front to back, of a file or a pipe. Compared: every checksum; every column of every block,
// its ids with the dictionary and its contents with the statistics of the block; the order of times and
// clocks; each INDEX with the frames it lists and the events before it; the FOOTER with the sum of all blocks
// and losses. What damage elsewhere explains is not reported again: a FOOTER that counts more events than
// there are says only how many are missing. Error: no trace, or an unreadable source.
Result<TraceCheck> check_trace(std::unique_ptr<ByteSource> source, const DamageCallback& on_damage);

}  // namespace rfan::format
