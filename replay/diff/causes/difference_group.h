// Differences that share a cause and become one finding.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "replay/diff/causes/differences.h"
#include "replay/diff/causes/finding.h"
#include "replay/diff/runs/comparison.h"

namespace rfan::replay {

struct DifferenceGroup {
  Change change = Change::kNew;
  std::vector<std::uint32_t> members;  // indices of differences
};

// Returns a finding with the sums, joint_p, and the paths of a group.
Finding summed(const DifferenceGroup& group, const Comparison& comparison,
               std::span<const Difference> differences);

// Returns the labels of the programs, the one with the largest difference first.
std::string program_labels(std::span<const std::uint32_t> members, const Comparison& comparison,
                           std::span<const Difference> differences);

}  // namespace rfan::replay
