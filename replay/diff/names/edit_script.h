// Finds the shortest edits from one sequence to another.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace rfan::replay {

struct Edit {
  enum class Kind : std::uint8_t { kRemoved, kAdded, kMoved };
  Kind kind = Kind::kRemoved;
  std::uint64_t step = 0;

  bool operator==(const Edit&) const = default;
};

// Returns the edits from `from` to `to` in the order of the sequences, found by Myers' O(ND) algorithm. A
// step that is removed in one place and added in another counts as moved. Returns nothing if more than `most`
// edits are needed, since nobody can use such a script and it takes quadratic memory.
std::optional<std::vector<Edit>> edit_script(std::span<const std::uint64_t> from,
                                             std::span<const std::uint64_t> to, std::size_t most);

}  // namespace rfan::replay
