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

// Selects how much of a dictionary is loaded, and when.
struct DictionaryLoading {
  ProcessDetail processes = ProcessDetail::kAll;
  // For callers that look up few entries: ids are known at once, entries are read on first use together with
  // their neighbours, from the few frames that contain them.
  bool on_demand = false;
};

// Gives access to the blocks of a trace in any order. All calls may come from any thread, with the exception
// that dictionary_until() states.
//
// open() reads the header, META, clocks, losses, and the directory of frames, which it finds by the TRAILER
// and FOOTER. In a file without them it goes from frame head to frame head (and over damage) without reading
// the blocks. Dictionary entries are the largest part of all that: they are read on first use, and damage in
// them is reported then. A caller that reads few blocks takes only the entries that were added before these.
//
// Rejected: mapping the file, because a file that is cut while it is read would end the program with SIGBUS.
// TraceReader reads pipes, and blocks in the order of the file across damage.
class TraceFile {
 public:
  // kByFrames ignores the directory and goes from frame head to frame head, as if there were none. A
  // directory that contradicts itself or the heads is reported, and then ignored in the same way.
  enum class Access : std::uint8_t { kByDirectory, kByFrames };
  // Fails if the source is not seekable or not a trace, and on an unknown incompat flag or major version. One
  // thread at a time calls `on_damage`, but it may be any thread.
  static Result<std::unique_ptr<TraceFile>> open(std::unique_ptr<ByteSource> source, DamageCallback on_damage,
                                                 Access access = Access::kByDirectory);
  ~TraceFile();
  TraceFile(const TraceFile&) = delete;
  TraceFile& operator=(const TraceFile&) = delete;

  const FileHeader& header() const;
  const TraceMeta& meta() const;
  std::vector<MountCoverage> mounts() const;  // those of META, and those that appeared while recording
  // Chooses how the dictionary is loaded; by default all of it. Precondition: nobody used the dictionary or
  // decoded a block yet. Ignored for what open() had to load, in a file without a directory.
  void set_dictionary_loading(const DictionaryLoading& loading);
  const Dictionary& dictionary() const;  // of the whole file; restricted as dictionary_until()
  // Returns a dictionary with at least the entries that the blocks up to `block` use. Restriction: while
  // another thread uses the dictionary, nobody may call this or decode a later block.
  const Dictionary& dictionary_until(std::size_t block) const;
  const std::vector<Loss>& losses() const;
  const std::vector<ClockSample>& clocks() const;     // ascending
  const std::optional<TraceSummary>& footer() const;  // empty for a file that was not finished
  bool complete() const;                              // there was a valid FOOTER and TRAILER at its end
  std::span<const BlockEntry> blocks() const;         // in the order of the file

  // Reads block `index` of blocks() and compares its checksums. If it is damaged, reports that (once) and
  // fails.
  Result<EncodedBlock> read_block(std::size_t index) const;
  // Read a block in two steps, into a block that may be reused. Statistics are checked without the body, so
  // damage in the body is found only when the body is read.
  Status read_statistics(std::size_t index, EncodedBlock& block) const;
  Status read_body(EncodedBlock& block) const;  // after read_statistics(); once is enough

  // Decompresses the wanted columns with a decoder of the calling thread. If there is a fault, reports it
  // (once for a block) and fails. Ids that the dictionary lacks become 0, which is reported as well.
  Status decode(const EncodedBlock& block, ColumnSet wanted, BlockDecoder& decoder, EventColumns& out) const;
  // Alternatives to decoding paths, see BlockDecoder. They report faults as decode() does.
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
