#include "format/wire/checksum.h"

#include <xxhash.h>

#include "format/wire/wire.h"

namespace rfan::format {

std::uint64_t checksum(std::span<const std::byte> bytes, std::uint64_t seed) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

ChecksumSeed::ChecksumSeed(const Uuid& file) : file_part_(0) {
  std::memcpy(&file_part_, file.data(), sizeof file_part_);
}

}  // namespace rfan::format
