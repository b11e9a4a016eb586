// Opens a trace for reading its blocks in any order, by any number of threads.
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

// Where a block lies, and what is known of it before it is read.
struct BlockEntry {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  std::uint32_t events = 0;
  std::uint64_t first_ns = 0;  // CLOCK_MONOTONIC, as are all times
  std::uint64_t last_ns = 0;
};

// open() reads header, META, clocks, losses, and the directory of frames, which is found by the TRAILER and
// FOOTER; in a file without them, by going from frame head to frame head (and over damage) without reading
// the blocks. Dictionaries, the largest part of all that, are read when they are first asked for, and damage
// in them is reported then: a look at few blocks takes only the names that were given out before them. All
// calls may come from any thread, with the exception that dictionary_until() tells. Rejected: mapping the
// file, since a file that is cut while it is read would then end the program with SIGBUS. Pipes, and blocks
// in the order of the file while damage is crossed: TraceReader.
class TraceFile {
 public:
  // kByFrames: believes no directory and goes from frame head to frame head, as where there is none. A
  // directory that contradicts itself or the heads is reported and passed over in the same way.
  enum class Access : std::uint8_t { kByDirectory, kByFrames };
  // Fails on a source that is not seekable, on a file that is no trace, and on an unknown incompat flag or
  // major version. `on_damage` is called by one thread at a time, but by any thread.
  static Result<std::unique_ptr<TraceFile>> open(std::unique_ptr<ByteSource> source, DamageCallback on_damage,
                                                 Access access = Access::kByDirectory);
  ~TraceFile();
  TraceFile(const TraceFile&) = delete;
  TraceFile& operator=(const TraceFile&) = delete;

  const FileHeader& header() const;
  const TraceMeta& meta() const;
  std::vector<MountCoverage> mounts() const;  // of META, and those that appeared while recording
  // How much of the processes that were not read yet will be kept; all unless told. As dictionary_until().
  void want_processes(ProcessDetail detail) const;
  // For who asks for few names: of what was not read yet, ids are known and entries read when they are asked
  // for, by the few frames that hold them and those around. As dictionary_until().
  void read_names_on_demand() const;
  const Dictionary& dictionary() const;  // of the whole file; as dictionary_until()
  // At least the entries that the blocks up to `block` use. Must not be called, nor a later block be decoded,
  // while another thread uses the dictionary.
  const Dictionary& dictionary_until(std::size_t block) const;
  const std::vector<Loss>& losses() const;
  const std::vector<ClockSample>& clocks() const;     // ascending
  const std::optional<TraceSummary>& footer() const;  // empty for a file that was not finished
  bool complete() const;                              // there was a valid FOOTER and TRAILER at its end
  std::span<const BlockEntry> blocks() const;         // in the order of the file

  // Reads block `index` of blocks() and compares its checksums. A damaged one is reported (once) and an
  // Error.
  Result<EncodedBlock> read_block(std::size_t index) const;
  // The same in two steps, into a block that may be reused. Statistics are checked without the body, so that
  // damage to it stays unnoticed by who does not read it.
  Status read_statistics(std::size_t index, EncodedBlock& block) const;
  Status read_body(EncodedBlock& block) const;  // of a block of read_statistics(); once is enough

  // Decompresses the wanted columns with a decoder of the calling thread; a fault is reported (once for a
  // block) and an error. Ids that the dictionary lacks become 0, which is reported as well.
  Status decode(const EncodedBlock& block, ColumnSet wanted, BlockDecoder& decoder, EventColumns& out) const;
  // Instead of decoding paths, see BlockDecoder. Faults are told as those of decode().
  Status count_paths(const EncodedBlock& block, BlockDecoder& decoder, std::span<std::uint32_t> counts) const;
  Status mark_paths(const EncodedBlock& block, const PathMarks& marks, BlockDecoder& decoder,
                    std::vector<std::uint8_t>& out) const;

  std::uint64_t damage_count() const;
  std::uint64_t unknown_frames() const;  // of a newer minor version

 private:
  struct State;
  explicit TraceFile(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace rfan::format
