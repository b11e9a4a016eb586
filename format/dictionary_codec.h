// DICT frames: batches of new dictionary entries. Private to format/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "format/dictionary.h"
#include "format/zstd_codec.h"

namespace rfan::format {

// What one DICT frame adds.
struct DictionaryBatch {
  PathId first_path = 1;
  ProcessId first_process = 1;
  std::span<const std::string_view> paths;
  std::span<const Process> processes;
};

// Fills `meta` and `body` of the frame (cleared first). Precondition: within the limits of limits.h.
void encode_dictionary(const DictionaryBatch& batch, ZstdCompressor& compressor, std::vector<std::byte>& meta,
                       std::vector<std::byte>& body);

// Adds the entries to `dictionary`, all of them or none; returns what is wrong, empty when nothing is. Ids
// that are missing before the batch (a DICT frame was lost) become a gap.
std::string decode_dictionary(std::span<const std::byte> meta_untrusted,
                              std::span<const std::byte> body_untrusted, ZstdDecompressor& decompressor,
                              Dictionary& dictionary);

}  // namespace rfan::format
