// The rows of a block that a filter selects.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace rfan::replay {

// The selected rows of a block, with scratch memory for finding them. One thread owns an instance and uses it
// for block after block.
struct Selection {
  bool all = false;                 // every row; then `rows` is empty
  std::vector<std::uint32_t> rows;  // ascending
  std::size_t count = 0;

  // One mark for each event: the result of Filter::path_test() on its paths. Empty if the paths are decoded
  // instead.
  std::vector<std::uint8_t> path_marks;

  // By depth of the tree of conditions. The first is the result: 1 for each selected event, 0 for the others.
  std::vector<std::vector<std::uint8_t>> masks;
};

}  // namespace rfan::replay
