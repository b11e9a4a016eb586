// Causes of differences that no program explains: directories.
#pragma once

#include <span>
#include <vector>

#include "replay/diff/causes/difference_group.h"
#include "replay/diff/causes/path_tree.h"

namespace rfan::replay {

// Groups the differences with the indices `which`: by the outermost directory that only one side knows
// anything of, a moved one together with where it went; the others by directory, direction and programs.
std::vector<Finding> find_path_causes(const Comparison& comparison, const PathTree& tree,
                                      std::span<const Difference> differences,
                                      std::span<const std::uint32_t> which);

}  // namespace rfan::replay
