// Append-only storage for strings whose views must stay valid. Private to format/.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

namespace rfan::format {

// One thread. Views live as long as the arena; one allocation per 64 KiB instead of one per string.
class ByteArena {
 public:
  std::string_view add(std::string_view text) {
    if (text.size() > left_) {
      left_ = std::max(kChunkBytes, text.size());
      chunks_.push_back(std::make_unique<char[]>(left_));
      next_ = chunks_.back().get();
    }
    std::memcpy(next_, text.data(), text.size());
    const std::string_view stored(next_, text.size());
    next_ += text.size();
    left_ -= text.size();
    return stored;
  }

 private:
  static constexpr std::size_t kChunkBytes = 64 * 1024;

  std::vector<std::unique_ptr<char[]>> chunks_;
  char* next_ = nullptr;
  std::size_t left_ = 0;
};

}  // namespace rfan::format
