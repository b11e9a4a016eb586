// Reads and writes the part that the sparse encodings share: a bitmap of the events whose value was not
// predicted, then these values. See TRACE_FORMAT.md, "Column encodings". Private to format/.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <vector>

#include "format/columns/byte_planes.h"
#include "format/columns/column_codec.h"
#include "format/wire/wire.h"

namespace rfan::format {

inline std::size_t bitmap_bytes(std::size_t count) {
  return (count + 7) / 8;
}

// Returns the 64 bits from `position` on, which is a multiple of 64; bits beyond the end are 0.
inline std::uint64_t bits_at(std::span<const std::byte> bitmap, std::size_t position) {
  const auto rest = bitmap.subspan(position / 8);
  if (rest.size() >= sizeof(std::uint64_t)) return load_le<std::uint64_t>(rest.data());
  std::uint64_t word = 0;
  std::memcpy(&word, rest.data(), rest.size());
  return word;
}

inline std::size_t count_bits(std::span<const std::byte> bitmap) {
  std::size_t bits = 0;
  for (std::size_t i = 0; i < 8 * bitmap.size(); i += 64) {
    bits += static_cast<std::size_t>(std::popcount(bits_at(bitmap, i)));
  }
  return bits;
}

// Builds a bitmap of the positions that were not predicted, and collects their values.
class SparseBuilder {
 public:
  SparseBuilder(std::size_t count, EncodedColumn& out) : out_(out) {
    out_.bytes.assign(bitmap_bytes(count), std::byte{0});
    out_.explicit_values.resize(count);
  }

  // Does not branch: whether an event was predicted is close to a coin toss for the CPU.
  void add(std::size_t position, bool is_explicit, std::uint32_t value) {
    out_.bytes[position / 8] |= static_cast<std::byte>(static_cast<unsigned>(is_explicit) << (position % 8));
    out_.explicit_values[explicit_count_] = value;
    explicit_count_ += static_cast<std::size_t>(is_explicit);
  }

  std::span<const std::uint32_t> values() const {
    return std::span<const std::uint32_t>(out_.explicit_values).first(explicit_count_);
  }

 private:
  EncodedColumn& out_;
  std::size_t explicit_count_ = 0;
};

// Returns how many bits are set in the bitmap of a sparse column of `count` events. Returns nothing if the
// bitmap is cut off, or has more bits set than there are events.
inline std::optional<std::size_t> explicit_count(const ColumnInput& in, std::size_t count) {
  if (in.bytes.size() < bitmap_bytes(count)) return {};
  const auto set_bits = count_bits(in.bytes.first(bitmap_bytes(count)));
  return set_bits <= count ? std::optional(set_bits) : std::nullopt;
}

// Reads the values of the runs of `count` events. The value of events before the first run stands in front of
// them. Returns false if the column is malformed.
inline bool read_runs(const ColumnInput& in, std::size_t count, ExplicitValues& values) {
  const auto runs = explicit_count(in, count);
  if (!runs || in.base > UINT32_MAX) return false;
  values.resize(*runs + 1);
  values[0] = static_cast<std::uint32_t>(in.base);
  return read_planes(in.bytes.subspan(bitmap_bytes(count)), in.width, values[0],
                     std::span(values).subspan(1));
}

}  // namespace rfan::format
