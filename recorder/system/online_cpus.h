// The list of online CPUs, read repeatedly.
#pragma once

#include <array>
#include <string_view>
#include <vector>

#include "format/base/error.h"
#include "format/base/unique_fd.h"

namespace rfan::recorder {

// Returns the numbers in a list like "0-3,8" (cpuset(7)), ascending, below `limit`. Stops at the first
// invalid byte.
std::vector<int> parse_cpu_list(std::string_view text, int limit);

// For one thread. Opens /sys once, so look() opens nothing. Misses a CPU that goes offline and returns
// between two looks.
class OnlineCpus {
 public:
  // Fails if there is no /sys.
  static Result<OnlineCpus> open();

  // Returns whether the list differs from that of the previous call. Takes 2 us; does not allocate.
  bool look();
  std::vector<int> list(int limit) const { return parse_cpu_list(text(), limit); }

 private:
  explicit OnlineCpus(UniqueFd file) : file_(std::move(file)) {}
  std::string_view text() const { return {buffer_.data(), length_}; }

  UniqueFd file_;
  std::array<char, 1024> buffer_{};
  std::size_t length_ = 0;
};

}  // namespace rfan::recorder
