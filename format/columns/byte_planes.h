// Stores numbers as bytes of a column: as planes, or as a byte each with planes for the few that need more.
// See TRACE_FORMAT.md, "Column encodings". Private to format/.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "format/base/byte_sum.h"
#include "format/columns/column_codec.h"

namespace rfan::format {

inline std::uint8_t byte_width(std::uint64_t largest) {
  return static_cast<std::uint8_t>((std::bit_width(largest) + 7) / 8);
}

template <typename T>
void append_planes(std::span<const T> values, T base, std::uint8_t width, std::vector<std::byte>& out) {
  const auto start = out.size();
  const auto count = values.size();
  out.resize(start + count * width);
  for (unsigned plane = 0; plane < width; ++plane) {
    std::byte* to = out.data() + start + plane * count;
    for (std::size_t i = 0; i < count; ++i) to[i] = static_cast<std::byte>((values[i] - base) >> (8 * plane));
  }
}

template <unsigned kWidth, typename T>
void join_planes(const std::byte* in, T base, std::span<T> out) {
  const auto count = out.size();
  for (std::size_t i = 0; i < count; ++i) {
    T value = 0;
    for (unsigned plane = 0; plane < kWidth; ++plane) {
      value = static_cast<T>(value | static_cast<T>(static_cast<T>(in[plane * count + i]) << (8 * plane)));
    }
    out[i] = static_cast<T>(value + base);
  }
}

// Calls join_planes() for a width that is known at run time, trying widths from kWidth on.
template <unsigned kWidth = 1, typename T>
void join_planes_of(unsigned width, const std::byte* in, T base, std::span<T> out) {
  if (width == kWidth) return join_planes<kWidth>(in, base, out);
  if constexpr (kWidth < sizeof(T)) join_planes_of<kWidth + 1>(width, in, base, out);
}

template <typename T>
bool read_planes(std::span<const std::byte> in, std::uint8_t width, T base, std::span<T> out) {
  if (width > sizeof(T) || in.size() != out.size() * width) return false;
  if (width == 0) {
    std::fill(out.begin(), out.end(), base);
  } else {
    join_planes_of(width, in.data(), base, out);
  }
  return true;
}

// A value of this size or more does not fit into its byte.
inline constexpr std::uint64_t kLarge = 255;

// Appends a byte for each value; it is 255 for a value that does not fit. The excess of these values over 255
// follows as planes, whose width it returns.
template <typename T>
std::uint8_t append_escaped(std::span<const T> values, std::vector<std::uint64_t>& large,
                            std::vector<std::byte>& out) {
  large.clear();
  std::uint64_t all_bits = 0;
  const auto start = out.size();
  out.resize(start + values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::uint64_t value = values[i];
    out[start + i] = static_cast<std::byte>(std::min(value, kLarge));
    if (value < kLarge) continue;
    large.push_back(value - kLarge);
    all_bits |= large.back();
  }
  const auto width = byte_width(all_bits);
  append_planes(std::span<const std::uint64_t>(large), std::uint64_t{0}, width, out);
  return width;
}

// Reads what append_escaped() wrote: sets `small` to the bytes of `count` values, and `large` to the excess
// of those that do not fit. Returns false if the bytes do not add up.
template <typename T>
bool open_escaped(const ColumnInput& in, std::size_t offset, std::size_t count, const std::uint8_t*& small,
                  std::vector<T>& large) {
  if (in.bytes.size() - offset < count) return false;
  small = reinterpret_cast<const std::uint8_t*>(in.bytes.data()) + offset;
  large.resize(
      count_ones(count, [bytes = small](std::size_t i) { return std::uint8_t{bytes[i] == kLarge}; }));
  return read_planes(in.bytes.subspan(offset + count), in.width, T{0}, std::span(large));
}

}  // namespace rfan::format
