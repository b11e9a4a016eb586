// A block of events: encoded, as it comes from a trace, and decoded, column by column.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "format/model/damage.h"
#include "format/model/event.h"
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

// How many events of a block name an entry that the dictionary lacks, since a DICT frame was lost.
struct MissingNames {
  std::size_t paths = 0;  // events whose path or second path is missing
  std::size_t processes = 0;

  bool any() const { return paths != 0 || processes != 0; }
};

// Decoded columns; a column that was not asked for is empty. Reuse one instance to avoid allocations.
struct EventColumns {
  std::size_t count = 0;
  std::vector<std::uint64_t> time_ns;
  std::vector<EventKind> kind;
  std::vector<std::uint8_t> flags;
  std::vector<ProcessId> process;
  std::vector<PathId> path;
  std::vector<PathId> path2;
  std::vector<std::uint32_t> reply_ns;  // of held events, the middle of its bucket; else 0
  std::size_t unknown_columns =
      0;                   // of a later minor version: the block has them, this program passed over them
  MissingNames missing{};  // of the ids decoded: they are 0 here, unknown
};

// What is known of a block before any column is decompressed.
struct BlockStatistics {
  TraceTotals totals;
  // Process ids that occur, ascending; empty optional when there were too many to list.
  std::optional<std::vector<ProcessId>> processes;
  // How many events each of them has; empty when the block does not say, as small ones do not.
  std::vector<std::uint32_t> process_events;
};

// An EVENTS frame, checked but still compressed; it owns its bytes. Movable only: the spans point into
// `bytes`.
struct EncodedBlock {
  EncodedBlock() = default;
  EncodedBlock(EncodedBlock&&) = default;
  EncodedBlock& operator=(EncodedBlock&&) = default;
  EncodedBlock(const EncodedBlock&) = delete;
  EncodedBlock& operator=(const EncodedBlock&) = delete;
  ~EncodedBlock() = default;

  BlockStatistics statistics;
  std::vector<std::byte> bytes;     // the frame
  std::size_t bytes_read = 0;       // of them: a TraceFile reads the body only when it is asked for
  std::span<const std::byte> meta;  // verified FlatBuffers table
  std::span<const std::byte> body;  // empty before it was read and checked
  Damage origin;  // where it lies, and what is lost if its columns do not decode: the description is its name
};

}  // namespace rfan::format
