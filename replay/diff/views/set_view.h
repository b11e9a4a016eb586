// `diff --sets`: the files and programs that only one side has, each on a line of its own.
#pragma once

#include <vector>

#include "replay/diff/causes/finding.h"
#include "replay/diff/runs/comparison.h"

namespace rfan::replay {

// kNew and kGone; programs first, then paths in order. Nothing is weighed: what only one run of a side has
// is listed too, as long as no run of the other has it.
std::vector<Finding> find_one_sided(const Comparison& comparison);

}  // namespace rfan::replay
