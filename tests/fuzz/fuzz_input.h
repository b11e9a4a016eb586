// Splits the input of a fuzz target into numbers and pieces, never more than its bytes give.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace rfan::fuzz {

class FuzzInput {
 public:
  FuzzInput(const std::uint8_t* data, std::size_t size)
      : rest_(reinterpret_cast<const std::byte*>(data), size) {}

  bool empty() const { return rest_.empty(); }
  std::uint8_t byte() {
    const auto piece = take(1);
    return piece.empty() ? std::uint8_t{0} : static_cast<std::uint8_t>(piece[0]);
  }
  std::uint16_t number() {
    const unsigned low = byte();
    return static_cast<std::uint16_t>(low | static_cast<unsigned>(byte()) << 8U);
  }
  std::span<const std::byte> take(std::size_t size) {
    const auto piece = rest_.first(std::min(size, rest_.size()));
    rest_ = rest_.subspan(piece.size());
    return piece;
  }
  std::string text(std::size_t size) {
    const auto piece = take(size);
    return {reinterpret_cast<const char*>(piece.data()), piece.size()};
  }

 private:
  std::span<const std::byte> rest_;
};

}  // namespace rfan::fuzz

// Changes an input in place of the mutation of bytes, if a target has such a mutator. The name is
// libFuzzer's.
extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                               unsigned seed) __attribute__((weak));

// Runs the target once. Must return 0. The name is libFuzzer's.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
