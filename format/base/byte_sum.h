// Adds bytes that are 1 or 0.
#pragma once

#include <cstddef>
#include <cstdint>

namespace rfan::format {

// Returns how many of at(0) to at(size - 1) are 1. Adds in parts whose sum fits into a byte, so that the
// compiler adds sixteen bytes at a time.
template <typename At>
std::size_t count_ones(std::size_t size, At at) {
  constexpr std::size_t kPart = 240;
  std::size_t ones = 0;
  std::size_t i = 0;
  for (; i + kPart <= size; i += kPart) {
    std::uint8_t in_part = 0;
    for (std::size_t j = i; j < i + kPart; ++j) in_part = static_cast<std::uint8_t>(in_part + at(j));
    ones += in_part;
  }
  for (; i < size; ++i) ones += at(i);
  return ones;
}

}  // namespace rfan::format
