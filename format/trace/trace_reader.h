// Reads a trace from front to back, whole or damaged, file or pipe. For random access: trace_file.h.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "format/base/error.h"
#include "format/model/byte_io.h"
#include "format/model/damage.h"
#include "format/model/dictionary.h"
#include "format/model/event.h"
#include "format/model/event_block.h"
#include "format/model/trace_info.h"
#include "format/trace/block_decoder.h"

namespace rfan::format {

// One thread. The dictionaries, losses and clocks grow as frames pass by: after next_block() returned a
// block, every id that decode() gives of it is in dictionary().
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
  // Of META, and those that appeared while recording: all of them once footer() is known, else as read so
  // far.
  std::vector<MountCoverage> mounts() const;

  // The next EVENTS frame, or nothing at the end. Damage goes to the callback; an Error is an unreadable
  // source.
  Result<std::optional<EncodedBlock>> next_block();

  // Decompresses the wanted columns. On any fault the block is reported as damage and an error returned, and
  // `out` is empty. Ids that the dictionary lacks become 0, which is reported as well (each block once).
  Status decode(const EncodedBlock& block, ColumnSet wanted, EventColumns& out);
  // Instead of decoding paths, see BlockDecoder. Faults are told as those of decode().
  Status count_paths(const EncodedBlock& block, std::span<std::uint32_t> counts);
  Status mark_paths(const EncodedBlock& block, const PathMarks& marks, std::vector<std::uint8_t>& out);

  const Dictionary& dictionary() const;
  const std::vector<Loss>& losses() const;         // as read so far
  const std::vector<ClockSample>& clocks() const;  // as read so far, ascending

  // What the FOOTER says. On a seekable source by the directory alone; on a pipe, and where the directory
  // contradicts itself, which is reported, only after next_block() came to the end. Empty for a file that was
  // not finished.
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
