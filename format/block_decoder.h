// From an encoded block to columns.
#pragma once

#include <memory>

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

  // Decompresses the wanted columns. Every id is checked against `dictionary`. On any fault the error says
  // where and what, and `out` is empty.
  Status decode(const EncodedBlock& block, const Dictionary& dictionary, ColumnSet wanted, EventColumns& out);

 private:
  struct Scratch;
  std::unique_ptr<Scratch> scratch_;
};

}  // namespace rfan::format
