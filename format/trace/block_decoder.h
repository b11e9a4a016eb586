// Decodes an encoded block into columns.
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

// The property of a path that mark_paths() looks up.
struct PathMarks {
  std::span<const std::uint8_t> of_path;  // by id, an entry for each id of the dictionary: 1 or 0
  // Selects the paths of an event: its mark is 1 if a selected path has 1.
  bool first = true;
  bool second = false;
};

// Decodes blocks. Each thread has its own decoder, which keeps its buffers and zstd context from block to
// block. Many decoders may share one dictionary that no longer grows.
class BlockDecoder {
 public:
  BlockDecoder();
  ~BlockDecoder();
  BlockDecoder(BlockDecoder&&) noexcept;
  BlockDecoder& operator=(BlockDecoder&&) noexcept;

  // Decompresses the wanted columns. An id that is not in `dictionary` becomes 0 and is counted in
  // `out.missing`. On any fault the error, which
  // is damage, says where and what, and `out` is empty.
  Status decode(const EncodedBlock& block, const Dictionary& dictionary, ColumnSet wanted, EventColumns& out);

  // These are alternatives to decoding a column of paths, for callers that need only the number of events of
  // each path, or a property of it. Like decode(), they treat an id that is not in `dictionary` as 0, and
  // `missing` says so.

  // Adds the number of events of each path to counts[id]; `counts` has an entry for each id of `dictionary`.
  // Does not change it on a fault.
  Status count_paths(const EncodedBlock& block, const Dictionary& dictionary, std::span<std::uint32_t> counts,
                     MissingEntries& missing);
  // Sets out[i] to the mark of the path of event i. `out` is empty on a fault.
  Status mark_paths(const EncodedBlock& block, const Dictionary& dictionary, const PathMarks& marks,
                    std::vector<std::uint8_t>& out, MissingEntries& missing);

  // Returns the damage report for a block for which one of the above returned `status` and `missing`, or
  // nothing if all is well.
  std::optional<Damage> damage_of(const EncodedBlock& block, const Dictionary& dictionary,
                                  const Status& status, const MissingEntries& missing);

  // Returns the report for a block in which decode() found entries missing, whichever columns it decoded: no
  // event is lost, but so many have no path or process. Decodes all columns to count them. If that finds
  // another fault, reports it instead.
  Damage missing_entries(const EncodedBlock& block, const Dictionary& dictionary);

 private:
  struct Scratch;
  std::unique_ptr<Scratch> scratch_;
};

}  // namespace rfan::format
