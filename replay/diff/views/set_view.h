// The view of `diff --sets`: the files and programs that only one side has, one per line.
#pragma once

#include <vector>

#include "replay/diff/causes/finding.h"
#include "replay/diff/runs/comparison.h"

namespace rfan::replay {

// Returns findings of kNew and kGone: programs first, then paths in order. Does not test significance: lists
// even a name that only one run of a side has, as long as no run of the other side has it.
std::vector<Finding> find_one_sided(const Comparison& comparison);

}  // namespace rfan::replay
