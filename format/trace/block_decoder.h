// From an encoded block to columns.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "format/base/error.h"
#include "format/model/damage.h"
#include "format/model/dictionary.h"
#include "format/model/event_block.h"

namespace rfan::format {

// What mark_paths() asks of a path.
struct PathMarks {
  std::span<const std::uint8_t> of_path;  // by id, an entry for each of the dictionary: 1 or 0
  // Which paths of an event: 1 when it holds of one of them.
  bool first = true;
  bool second = false;
};

// One thread each; keeps its buffers and zstd context from block to block. Many decoders may share one
// dictionary that no longer grows.
class BlockDecoder {
 public:
  BlockDecoder();
  ~BlockDecoder();
  BlockDecoder(BlockDecoder&&) noexcept;
  BlockDecoder& operator=(BlockDecoder&&) noexcept;

  // Decompresses the wanted columns. An id that is not in `dictionary` becomes 0 and is counted in
  // `out.missing`. On any fault the error says where and what, and `out` is empty.
  Status decode(const EncodedBlock& block, const Dictionary& dictionary, ColumnSet wanted, EventColumns& out);

  // Instead of a column of paths, where nothing but their number or a property of them is asked for. The same
  // holds as of decode(): an id that is not in `dictionary` stands for 0. `missing` says so.

  // Adds to counts[id] the events of each path; `counts` has an entry for each id of `dictionary`. On a fault
  // it is as it was.
  Status count_paths(const EncodedBlock& block, const Dictionary& dictionary, std::span<std::uint32_t> counts,
                     MissingNames& missing);
  // Sets out[i] to the mark of the path of event i; empty on a fault.
  Status mark_paths(const EncodedBlock& block, const Dictionary& dictionary, const PathMarks& marks,
                    std::vector<std::uint8_t>& out, MissingNames& missing);

  // What to report of a block of which one of the above gave `status` and `missing`; nothing when all is
  // well.
  std::optional<Damage> damage_of(const EncodedBlock& block, const Dictionary& dictionary,
                                  const Status& status, const MissingNames& missing);

  // The report on a block of which decode() found names missing, whichever columns it was asked for: no event
  // is lost, but so many have no path or process. Decodes all columns to count them, and reports what else
  // turns out to be wrong.
  Damage missing_names(const EncodedBlock& block, const Dictionary& dictionary);

 private:
  struct Scratch;
  std::unique_ptr<Scratch> scratch_;
};

}  // namespace rfan::format
