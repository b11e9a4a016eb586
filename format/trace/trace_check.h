// Reads all of a trace and compares everything that it says twice.
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

// The contents of a trace, as far as they are readable.
struct TraceCheck {
  FileHeader header;
  TraceMeta meta;
  std::uint64_t blocks = 0;  // blocks that decode
  TraceTotals totals;        // of these blocks, counted from their columns
  std::vector<ClockSample> clocks;
  std::vector<Loss> losses;            // those of the ledger
  std::optional<TraceSummary> footer;  // empty for a file that was not finished
  bool complete = false;               // there is a valid FOOTER and TRAILER at its end
  std::uint64_t bytes = 0;             // position up to which it was read
  std::uint64_t damage_count = 0;      // calls of on_damage
  std::uint64_t unknown_frames = 0;    // of a newer minor version
};

// Checks a file or a pipe in one pass from front to back. It compares every checksum; every column of every
// block, its ids with the dictionary and its contents with the statistics of the block; the order of times
// and clocks; each INDEX with the frames that it lists and the events before it; and the FOOTER with the sum
// of all blocks and losses. It does not report again what damage elsewhere explains: a FOOTER that counts
// more events than there are says only how many are missing. Fails if the source is unreadable or not a
// trace.
Result<TraceCheck> check_trace(std::unique_ptr<ByteSource> source, const DamageCallback& on_damage);

}  // namespace rfan::format
