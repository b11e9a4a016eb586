// Finds directories whose files take longer or shorter to access than in the base runs.
#pragma once

#include <vector>

#include "replay/diff/causes/finding.h"
#include "replay/diff/runs/comparison.h"

namespace rfan::replay {

struct SlowDirectories {
  std::vector<Finding> significant;
  std::vector<Finding> hidden;  // differ as much, but noise explains it
};

// Compares, for each directory, the typical (geometric mean) time that a process spent on the way to an event
// there, see TallyCell. A slow disk, a slow network mount or a scanner that holds opens lengthens this time,
// before the open or before the close after the reading.
//
// Subtracts first what made a whole run slower, such as another load on the machine. Reports a directory if
// its typical time doubled or halved, if that changed the time of a run by kLeastTimeShare, and if noise does
// not explain it. Counts only programs that both sides have.
SlowDirectories find_slow_directories(const Comparison& comparison);

inline constexpr double kLeastTimeShare = 0.01;

}  // namespace rfan::replay
