#include "recorder/threads/stall_watch.h"

#include <utility>

namespace rfan::recorder {

std::optional<StallWatch::Stall> StallWatch::progress(std::uint64_t now_ns) {
  const auto before_ns = std::exchange(progress_ns_, now_ns);
  const auto due_ns = before_ns + std::exchange(idle_ns_, 0);
  if (before_ns == 0 || now_ns <= due_ns + kStallNs) return std::nullopt;
  return Stall{due_ns, now_ns};
}

}  // namespace rfan::recorder
