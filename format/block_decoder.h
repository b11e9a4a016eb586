// From an encoded block to columns.
#pragma once

#include <memory>

#include "format/damage.h"
#include "format/dictionary.h"
#include "format/error.h"
#include "format/event_block.h"

namespace rfan::format {

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

  // The report on a block of which decode() found names missing, whichever columns it was asked for: no event
  // is lost, but so many have no path or process. Decodes all columns to count them, and reports what else
  // turns out to be wrong.
  Damage missing_names(const EncodedBlock& block, const Dictionary& dictionary);

 private:
  struct Scratch;
  std::unique_ptr<Scratch> scratch_;
};

}  // namespace rfan::format
