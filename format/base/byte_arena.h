// Stores strings append-only, so that views of them stay valid. Private to format/.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

namespace rfan::format {

// One thread owns it. Views live as long as the arena. It allocates once per 64 KiB instead of once per
// string.
class ByteArena {
 public:
  std::string_view add(std::string_view text) { return add(text, {}, {}); }

  // Stores the three parts one after the other and returns a view of the result.
  std::string_view add(std::string_view front, std::string_view middle, std::string_view tail) {
    const auto size = front.size() + middle.size() + tail.size();
    if (size > left_) {
      left_ = std::max(kChunkBytes, size);
      chunks_.push_back(std::make_unique_for_overwrite<char[]>(left_));
      next_ = chunks_.back().get();
    }
    const std::string_view stored(next_, size);
    for (const auto part : {front, middle, tail}) next_ = std::copy(part.begin(), part.end(), next_);
    left_ -= size;
    return stored;
  }

 private:
  static constexpr std::size_t kChunkBytes = 64 * 1024;

  std::vector<std::unique_ptr<char[]>> chunks_;
  char* next_ = nullptr;
  std::size_t left_ = 0;
};

}  // namespace rfan::format
