// Stores a value for each dictionary id that is used.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace rfan::replay {

// Suits few ids that lie close together among many: only chunks that contain a used id take memory.
// References stay valid. One thread.
template <typename T>
class IdTable {
 public:
  // Returns the value of `id`, which is T() at first.
  T& operator[](std::uint32_t id) {
    const std::size_t index = id / kChunkEntries;
    if (index >= chunks_.size()) chunks_.resize(index + 1);
    auto& chunk = chunks_[index];
    if (chunk == nullptr) chunk = std::make_unique<Chunk>();
    return (*chunk)[id % kChunkEntries];
  }
  void clear() { chunks_.clear(); }

 private:
  static constexpr std::size_t kChunkEntries = 1024;
  using Chunk = std::array<T, kChunkEntries>;
  std::vector<std::unique_ptr<Chunk>> chunks_;
};

}  // namespace rfan::replay
