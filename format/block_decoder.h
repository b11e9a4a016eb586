// The way back from an EVENTS frame: statistics without decompression, columns on demand. Private to format/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "format/column_codec.h"
#include "format/trace_reader.h"
#include "format/zstd_codec.h"

namespace rfan::format {

// Events the metadata speaks of; for a block whose body is lost.
std::optional<std::uint64_t> block_event_count(std::span<const std::byte> meta_untrusted);

// Verifies the metadata against the limits and the length of the body, and fills `statistics`. Returns what
// is wrong, empty when nothing is.
std::string check_block(std::span<const std::byte> meta_untrusted, std::size_t body_bytes,
                        BlockStatistics& statistics);

// One thread; keeps its buffers from block to block.
class BlockDecoder {
 public:
  // Precondition: check_block() found nothing wrong. Returns what is wrong with the columns, empty when
  // nothing is; then `out` holds the wanted columns, and every id in them is in `dictionary`.
  std::string decode(const EncodedBlock& block, ColumnSet wanted, const Dictionary& dictionary,
                     EventColumns& out);

 private:
  ZstdDecompressor decompressor_;
  std::vector<std::byte> inflated_;
  ExplicitValues scratch_;
};

}  // namespace rfan::format
