#include "recorder/threads/storm_detector.h"

#include <utility>

namespace rfan::recorder {

bool StormDetector::add(std::int64_t opens, std::uint64_t now_ns) {
  if (opens > 1) crowded_opens_ += opens;
  const auto age_ns = now_ns - window_ns_;
  if (age_ns < kWindowNs) return false;
  // A window that nobody closed in time was a pause.
  const bool is_storm = crowded_opens_ >= kOpens && age_ns < 2 * kWindowNs;
  window_ns_ = now_ns;
  crowded_opens_ = 0;
  return std::exchange(is_storm_, is_storm) != is_storm;
}

}  // namespace rfan::recorder
