// The shortest way from one sequence to another.
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

// Myers' O(ND) algorithm, then a step that is removed in one place and added in another counts as moved.
// Edits in the order of the sequences. Nothing when more than `most` edits are needed, since such a script
// tells nobody anything and takes quadratic memory.
std::optional<std::vector<Edit>> edit_script(std::span<const std::uint64_t> from,
                                             std::span<const std::uint64_t> to, std::size_t most);

}  // namespace rfan::replay
