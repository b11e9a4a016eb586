// Groups differences that no program explains by directory.
#pragma once

#include <span>
#include <vector>

#include "replay/diff/causes/difference_group.h"
#include "replay/diff/causes/path_tree.h"

namespace rfan::replay {

// Groups the differences with the indices `which`: by the outermost directory that only one side has any name
// of, a moved one together with its new place; the others by directory, direction and programs.
std::vector<Finding> find_path_causes(const Comparison& comparison, const PathTree& tree,
                                      std::span<const Difference> differences,
                                      std::span<const std::uint32_t> which);

}  // namespace rfan::replay
