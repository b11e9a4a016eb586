// Reads a trace from front to back, whole or damaged, file or pipe.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "format/byte_io.h"
#include "format/error.h"
#include "format/event.h"
#include "format/trace_info.h"

namespace rfan::format {

// Something unreadable. The reader reports it, goes on behind it, and invents nothing.
struct Damage {
  std::uint64_t offset = 0;             // of the first unusable byte
  std::uint64_t bytes = 0;              // how many were skipped
  std::string description;              // "frame 12 (EVENTS): body checksum differs"
  std::optional<std::uint64_t> events;  // events lost with it, where the block's metadata still said so
};
using DamageCallback = std::function<void(const Damage&)>;

// The dictionaries as read so far. Views stay valid as long as the dictionary lives (storage is append-only).
class Dictionary {
 public:
  Dictionary();
  ~Dictionary();
  Dictionary(const Dictionary&) = delete;
  Dictionary& operator=(const Dictionary&) = delete;

  // Ids run from 1 to the count; id 0 is the empty path and a process of which nothing is known.
  std::uint32_t path_count() const;
  std::uint32_t process_count() const;
  std::string_view path(PathId id) const;      // precondition: id <= path_count()
  const Process& process(ProcessId id) const;  // precondition: id <= process_count()

  // False for ids whose entries were lost with a damaged DICT frame. Blocks that the reader returns hold none
  // of them.
  bool knows_path(PathId id) const;
  bool knows_process(ProcessId id) const;
  bool has_gaps() const;

  // For the reader (and for tests that build one by hand).
  PathId add_path(std::string_view path);
  ProcessId add_process(Process process);
  // The next ids to be given out; those left out count, but are not known. Precondition: not below the ids in
  // use.
  void skip_to(PathId next_path, ProcessId next_process);
  std::uint64_t byte_count() const;  // of all paths, names and command lines

 private:
  struct Storage;
  std::unique_ptr<Storage> storage_;
};

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

// Decoded columns; a column that was not asked for is empty. Reuse one instance to avoid allocations.
struct EventColumns {
  std::size_t count = 0;
  std::vector<std::uint64_t> time_ns;
  std::vector<EventKind> kind;
  std::vector<std::uint8_t> flags;
  std::vector<ProcessId> process;
  std::vector<PathId> path;
  std::vector<PathId> path2;
  std::vector<std::uint32_t> reply_ns;
};

// What is known of a block before any column is decompressed.
struct BlockStatistics {
  TraceTotals totals;
  // Process ids that occur, ascending; empty optional when there were too many to list.
  std::optional<std::vector<ProcessId>> processes;
};

// An EVENTS frame, checked but still compressed. Valid until the next call of next_block().
struct EncodedBlock {
  BlockStatistics statistics;
  std::vector<std::byte> meta;  // verified FlatBuffers table
  std::vector<std::byte> body;
};

// One thread. The dictionaries, losses and clocks grow as frames pass by: after next_block() returned a
// block, every id in that block is in dictionary().
class TraceReader {
 public:
  // Reads HEADER and META. Fails on a file that is no trace, and on an unknown incompat flag or major
  // version.
  static Result<std::unique_ptr<TraceReader>> open(std::unique_ptr<ByteSource> source,
                                                   DamageCallback on_damage);
  ~TraceReader();
  TraceReader(const TraceReader&) = delete;
  TraceReader& operator=(const TraceReader&) = delete;

  const FileHeader& header() const;
  const TraceMeta& meta() const;

  // The next EVENTS frame, or nothing at the end. Damage goes to the callback; an Error is an unreadable
  // source.
  Result<std::optional<EncodedBlock>> next_block();

  // Decompresses the wanted columns. Every id is checked against the dictionary: on any fault the block is
  // reported as damage and an error returned, and `out` is empty.
  Status decode(const EncodedBlock& block, ColumnSet wanted, EventColumns& out);

  const Dictionary& dictionary() const;
  const std::vector<Loss>& losses() const;         // as read so far
  const std::vector<ClockSample>& clocks() const;  // as read so far, ascending

  // What the FOOTER says. On a seekable source without reading anything between; on a pipe only after
  // next_block() came to the end. Empty for a file that was not finished.
  std::optional<TraceSummary> footer();

  // True when next_block() came to the end and there was a valid FOOTER and TRAILER.
  bool complete() const;
  std::uint64_t damage_count() const;
  std::uint64_t unknown_frames() const;  // skipped, from a newer minor version
  std::uint64_t bytes_read() const;      // position behind the last frame passed

 private:
  struct State;
  explicit TraceReader(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// CLOCK_MONOTONIC to nanoseconds since the epoch, by the last sample at or before `monotonic_ns` (else the
// first one). Precondition: `clocks` is not empty.
std::uint64_t to_realtime_ns(std::span<const ClockSample> clocks, std::uint64_t monotonic_ns);

}  // namespace rfan::format
