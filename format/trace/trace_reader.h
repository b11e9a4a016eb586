// Reads a trace from front to back, whole or damaged, from a file or a pipe. For random access see
// trace_file.h.
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

// Reads the blocks of a trace in the order of the file. One thread owns it. The dictionaries, losses and
// clocks grow as frames pass by: after next_block() returned a block, dictionary() has every id that decode()
// gives for it.
class TraceReader {
 public:
  // Reads HEADER and META. Fails if the source is not a trace, and on an unknown incompat flag or major
  // version.
  static Result<std::unique_ptr<TraceReader>> open(std::unique_ptr<ByteSource> source,
                                                   DamageCallback on_damage);
  ~TraceReader();
  TraceReader(const TraceReader&) = delete;
  TraceReader& operator=(const TraceReader&) = delete;

  const FileHeader& header() const;
  const TraceMeta& meta() const;
  // Returns the mounts of META, and those that appeared while recording: all of them once footer() is known,
  // else those read so far.
  std::vector<MountCoverage> mounts() const;

  // Returns the next EVENTS frame, or nothing at the end. Reports damage to the callback. Fails if the source
  // is unreadable.
  Result<std::optional<EncodedBlock>> next_block();

  // Decompresses the wanted columns. On any fault it reports the block as damage and fails, and `out` is
  // empty. Ids that the dictionary lacks become 0, which is reported as well (once for each block).
  Status decode(const EncodedBlock& block, ColumnSet wanted, EventColumns& out);
  // Alternatives to decoding paths, see BlockDecoder. They report faults as decode() does.
  Status count_paths(const EncodedBlock& block, std::span<std::uint32_t> counts);
  Status mark_paths(const EncodedBlock& block, const PathMarks& marks, std::vector<std::uint8_t>& out);

  const Dictionary& dictionary() const;
  const std::vector<Loss>& losses() const;         // as read so far
  const std::vector<ClockSample>& clocks() const;  // as read so far, ascending

  // Returns the contents of the FOOTER. A seekable source gives them at once, by its directory. A pipe gives
  // them only after next_block() came to the end, and so does a file whose directory is damaged or
  // contradicts itself; the contradiction is reported. Empty for a file that was not finished.
  std::optional<TraceSummary> footer();

  // Returns true if next_block() came to the end and there was a valid FOOTER and TRAILER.
  bool complete() const;
  std::uint64_t damage_count() const;
  std::uint64_t unknown_frames() const;  // skipped, from a newer minor version
  std::uint64_t bytes_read() const;      // position after the last frame that was passed

 private:
  struct State;
  explicit TraceReader(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Converts CLOCK_MONOTONIC to nanoseconds since the epoch, by the last sample at or before `monotonic_ns`
// (else the first one). Precondition: `clocks` is not empty.
std::uint64_t to_realtime_ns(std::span<const ClockSample> clocks, std::uint64_t monotonic_ns);

}  // namespace rfan::format
