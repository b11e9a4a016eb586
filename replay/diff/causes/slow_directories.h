// Directories whose files take longer to get at than in the base runs.
#pragma once

#include <vector>

#include "replay/diff/causes/finding.h"
#include "replay/diff/runs/comparison.h"

namespace rfan::replay {

struct SlowDirectories {
  std::vector<Finding> significant;
  std::vector<Finding> hidden;  // differ as much, but by no more than noise explains
};

// For each directory the typical (geometric mean) time that a process spent on the way to an event there,
// see TallyCell. A slow disk, a slow network mount or a scanner that holds opens lengthens it, in front of
// the open or in front of the close that follows the reading.
//
// What made everything in a run slower, such as another load on the machine, is taken off first. Reported is
// a directory whose typical time doubled or halved, which changed the time of a run by kLeastTimeShare, and
// more than noise explains. Only programs that both sides have count.
SlowDirectories find_slow_directories(const Comparison& comparison);

inline constexpr double kLeastTimeShare = 0.01;

}  // namespace rfan::replay
