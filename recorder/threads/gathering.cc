#include "recorder/threads/gathering.h"

#include <algorithm>
#include <utility>

namespace rfan::recorder {

std::uint64_t Gathering::next_pause_ns() {
  const auto events = std::exchange(events_, 0);
  if (events == 0) return 0;
  if (events < kFew) pause_ns_ = std::min(pause_ns_ * 2, kMaxPauseNs);
  if (events > kMany) pause_ns_ = std::max(pause_ns_ / 2, kMinPauseNs);
  return pause_ns_;
}

}  // namespace rfan::recorder
