// The buffer that printers write text into.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>

namespace rfan::replay {

// Grows as needed and keeps its memory when cleared. One thread.
class TextBuffer {
 public:
  // Returns room for at least `bytes` more bytes. Pass the end of the used part to commit().
  char* reserve(std::size_t bytes) {
    if (capacity_ - used_ < bytes) grow(bytes);
    return bytes_.get() + used_;
  }
  void commit(const char* end) { used_ = static_cast<std::size_t>(end - bytes_.get()); }

  void append(std::string_view text) {
    std::copy(text.begin(), text.end(),
              reserve(text.size()));  // unlike memcpy, accepts the null of an empty name
    used_ += text.size();
  }
  void put(char c) {
    *reserve(1) = c;
    ++used_;
  }

  std::string_view view() const { return {bytes_.get(), used_}; }
  std::size_t size() const { return used_; }
  bool empty() const { return used_ == 0; }
  void clear() { used_ = 0; }

 private:
  void grow(std::size_t bytes) {
    const auto capacity = std::max<std::size_t>({2 * capacity_, used_ + bytes, 4096});
    auto moved = std::make_unique_for_overwrite<char[]>(capacity);
    if (used_ != 0) std::memcpy(moved.get(), bytes_.get(), used_);
    bytes_ = std::move(moved);
    capacity_ = capacity;
  }

  std::unique_ptr<char[]> bytes_;
  std::size_t capacity_ = 0;
  std::size_t used_ = 0;
};

}  // namespace rfan::replay
