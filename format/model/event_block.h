// Defines a block of events, both encoded as it comes from a trace and decoded into columns.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "format/model/damage.h"
#include "format/model/event.h"
#include "format/model/latency_histogram.h"
#include "format/model/trace_info.h"

namespace rfan::format {

// Columns of a block, as bits of a ColumnSet. Wire values are in TRACE_FORMAT.md.
using ColumnSet = std::uint32_t;
inline constexpr ColumnSet kColumnTime = 1U << 0;
inline constexpr ColumnSet kColumnKind = 1U << 1;
inline constexpr ColumnSet kColumnFlags = 1U << 2;
inline constexpr ColumnSet kColumnProcess = 1U << 3;
inline constexpr ColumnSet kColumnPath = 1U << 4;
inline constexpr ColumnSet kColumnPath2 = 1U << 5;
inline constexpr ColumnSet kColumnReply = 1U << 6;
inline constexpr ColumnSet kAllColumns = (1U << 7) - 1;

// Counts the events of a block that name an entry which the dictionary lacks because a DICT frame was lost.
struct MissingEntries {
  std::size_t paths = 0;  // events whose path or second path is missing
  std::size_t processes = 0;

  bool any() const { return paths != 0 || processes != 0; }
};

// Decoded columns. A column that was not requested is empty. Reuse one instance to avoid allocations.
struct EventColumns {
  std::size_t count = 0;
  std::vector<std::uint64_t> time_ns;
  std::vector<EventKind> kind;
  std::vector<std::uint8_t> flags;
  std::vector<ProcessId> process;
  std::vector<PathId> path;
  std::vector<PathId> path2;
  std::vector<std::uint32_t> reply_ns;  // permission events: the middle of the bucket; else 0
  // Columns of a later minor version that the block has and this program skipped.
  std::size_t unknown_columns = 0;
  MissingEntries missing{};  // counts decoded ids that became 0 (unknown)

  // Returns the event of a row. Precondition: all columns are decoded.
  Event event(std::size_t row) const {
    return {time_ns[row], kind[row], flags[row], process[row], path[row], path2[row], reply_ns[row]};
  }
  // Adds the time to the response of each permission event. Precondition: flags and replies are decoded.
  void add_latencies(LatencyHistogram& histogram) const {
    for (std::size_t row = 0; row < count; ++row) {
      if ((flags[row] & kFlagHeld) != 0) histogram.add(reply_ns[row]);
    }
  }
};

// The facts about a block that are known before any column is decompressed.
struct BlockStatistics {
  TraceTotals totals;
  // The process ids that occur, ascending; no value if there are too many to list.
  std::optional<std::vector<ProcessId>> processes;
  // Number of events of each of these processes. Empty if the block does not say; small blocks do not.
  std::vector<std::uint32_t> process_events;
};

// The position of a block, and the facts that are known before it is read.
struct BlockEntry {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  std::uint32_t events = 0;
  std::uint64_t first_ns = 0;  // CLOCK_MONOTONIC, as are all times
  std::uint64_t last_ns = 0;
};

// An EVENTS frame, checked but still compressed. It owns its bytes. It is movable only, because the spans
// point into `bytes`.
struct EncodedBlock {
  EncodedBlock() = default;
  EncodedBlock(EncodedBlock&&) = default;
  EncodedBlock& operator=(EncodedBlock&&) = default;
  EncodedBlock(const EncodedBlock&) = delete;
  EncodedBlock& operator=(const EncodedBlock&) = delete;
  ~EncodedBlock() = default;

  BlockStatistics statistics;
  std::vector<std::byte> bytes;     // the frame
  std::size_t bytes_read = 0;       // how many of them are there: a TraceFile reads the body on demand
  std::span<const std::byte> meta;  // verified FlatBuffers table
  std::span<const std::byte> body;  // empty until it is read and checked
  // The position of the frame, and the events that are lost if its columns do not decode. The description is
  // the frame's name.
  Damage origin;
};

}  // namespace rfan::format
