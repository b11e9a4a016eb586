// A growing set of dictionary ids, one bit each.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace rfan::replay {

// Holds what a filter has decided about processes. Ids are added in ascending order from 0. One thread.
class IdSet {
 public:
  std::size_t size() const { return size_; }  // ids added so far

  void push_back(bool member) {
    if (size_ % 64 == 0) words_.push_back(0);
    words_.back() |= static_cast<std::uint64_t>(member) << (size_ % 64);
    ++size_;
  }

  // Precondition: id < size().
  bool contains(std::uint32_t id) const { return bit(id) != 0; }
  // Returns contains() as 1 or 0, for loops that compute with it instead of branching.
  unsigned bit(std::uint32_t id) const {
    assert(id < size_);
    return static_cast<unsigned>(words_[id >> 6U] >> (id & 63U)) & 1U;
  }

 private:
  std::vector<std::uint64_t> words_;
  std::size_t size_ = 0;
};

}  // namespace rfan::replay
