// Says where the time of a longer run went.
#pragma once

#include <optional>
#include <string>

#include "replay/diff/runs/comparison.h"

namespace rfan::replay {

// The time by which the new runs took longer, and the program and directory in which most of it passed.
struct TimeChange {
  double longer_ns = 0;
  double ratio = 1;       // of the means of both sides
  std::string program;    // label
  double share = 0;       // that it has of the time by which programs took longer
  std::string directory;  // before whose files it spent most of that
};

// Returns nothing unless the new runs took kLeastTimeRatio times as long and kLeastLongerNs longer: first
// runs are often slower for no reason but a cold cache.
std::optional<TimeChange> find_time_change(const Comparison& comparison);

inline constexpr double kLeastTimeRatio = 1.5;
inline constexpr double kLeastLongerNs = 200e6;

}  // namespace rfan::replay
