#include "recorder/output/rotation.h"

#include <algorithm>
#include <numeric>

namespace rfan::recorder {

std::size_t count_expired(std::span<const FinishedFile> oldest_first, const Rotation& rotation) {
  auto bytes = std::accumulate(oldest_first.begin(), oldest_first.end(), std::uint64_t{0},
                               [](std::uint64_t sum, const FinishedFile& file) { return sum + file.bytes; });
  std::size_t expired = 0;
  for (const auto& file : oldest_first) {
    const auto files = oldest_first.size() - expired + 1;
    const bool too_many = rotation.keep_files != 0 && files > rotation.keep_files;
    const bool too_large = rotation.keep_bytes != 0 && bytes > rotation.keep_bytes;
    const bool too_old = rotation.keep_age.count() != 0 && file.age > rotation.keep_age;
    if (!too_many && !too_large && !too_old) break;
    bytes -= file.bytes;
    ++expired;
  }
  return expired;
}

}  // namespace rfan::recorder
