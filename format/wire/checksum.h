// Computes XXH3-64, the only checksum of the format. Private to format/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "format/model/trace_info.h"

namespace rfan::format {

std::uint64_t checksum(std::span<const std::byte> bytes, std::uint64_t seed);
// Returns the low half of checksum(), for small records.
inline std::uint32_t checksum32(std::span<const std::byte> bytes, std::uint64_t seed) {
  return static_cast<std::uint32_t>(checksum(bytes, seed));
}

// Ties a checksum to one place of one file: a frame copied from elsewhere does not validate.
class ChecksumSeed {
 public:
  explicit ChecksumSeed(const Uuid& file);
  std::uint64_t at(std::uint64_t file_offset) const { return file_part_ ^ file_offset; }
  std::uint64_t file_part() const { return file_part_; }

 private:
  std::uint64_t file_part_;
};

}  // namespace rfan::format
