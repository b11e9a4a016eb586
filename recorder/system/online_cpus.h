// Which CPUs are online, asked again and again.
#pragma once

#include <array>
#include <string_view>
#include <vector>

#include "format/base/error.h"
#include "format/base/unique_fd.h"

namespace rfan::recorder {

// The numbers in a list like "0-3,8" (cpuset(7)), ascending, below `limit`; what is no such list ends it.
std::vector<int> parse_cpu_list(std::string_view text, int limit);

// One thread. /sys is opened once, so that a look opens nothing. A CPU that goes and comes back between two
// looks is not noticed.
class OnlineCpus {
 public:
  // An error where there is no /sys; look() then never reports.
  static Result<OnlineCpus> open();

  // Whether the list is another one than at the look before. 2 us; does not allocate.
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
