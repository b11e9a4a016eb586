// Encodes numbers of unknown size as bytes: LEB128, signed ones zigzag. Private to format/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace rfan::format {

inline constexpr std::size_t kMaxVarintBytes = 10;

template <typename Byte>
void append_varint(std::uint64_t value, std::vector<Byte>& out) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<Byte>(value | 0x80));
  out.push_back(static_cast<Byte>(value));
}

// Turn small differences of either sign into small numbers, and back. Differences are modulo 2^64.
constexpr std::uint64_t zigzag(std::uint64_t difference) {
  return (difference << 1) ^ (0 - (difference >> 63));
}
constexpr std::uint64_t unzigzag(std::uint64_t value) {
  return (value >> 1) ^ (0 - (value & 1));
}

// Reads numbers until the bytes end. A number that is cut off or longer than 64 bits makes it fail for good.
class VarintReader {
 public:
  VarintReader(const std::uint8_t* bytes_untrusted, std::size_t size)
      : at_(bytes_untrusted), end_(at_ + size) {}
  explicit VarintReader(std::span<const std::byte> bytes_untrusted)
      : VarintReader(reinterpret_cast<const std::uint8_t*>(bytes_untrusted.data()), bytes_untrusted.size()) {}

  // Returns the next number, or 0 after a failure.
  std::uint64_t next() {
    if (at_ != end_ && *at_ < 0x80) return *at_++;  // most numbers take one byte
    std::uint64_t value = 0;
    for (unsigned shift = 0; at_ != end_ && shift < 64; shift += 7) {
      const std::uint64_t byte = *at_++;
      if (shift == 63 && byte > 1) break;
      value |= (byte & 0x7F) << shift;
      if (byte < 0x80) return value;
    }
    failed_ = true;
    at_ = end_;
    return 0;
  }
  // Returns the next number. Fails if it is above `limit`.
  std::uint64_t next_up_to(std::uint64_t limit) {
    const auto value = next();
    if (value <= limit) return value;
    failed_ = true;
    return 0;
  }

  bool failed() const { return failed_; }
  bool at_end() const { return at_ == end_; }
  std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }

 private:
  const std::uint8_t* at_;
  const std::uint8_t* end_;
  bool failed_ = false;
};

}  // namespace rfan::format
