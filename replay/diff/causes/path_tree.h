// The directories of a comparison, and which side has names below them.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <cstdint>
#include <string_view>

#include "replay/diff/names/parent_of.h"
#include "replay/diff/runs/comparison.h"

namespace rfan::replay {

// Returns the longest directory that is or contains both. The result is a view of `directory`.
std::string_view common_directory(std::string_view directory, std::string_view path);

// Holds for each path and directory which sides have it. Refers to the paths of a comparison, which must
// outlive it.
class PathTree {
 public:
  explicit PathTree(const Comparison& comparison);

  struct Sides {
    bool base = false;
    bool fresh = false;
    bool one_sided() const { return base != fresh; }
  };
  Sides sides_of(std::uint32_t path) const { return paths_[path]; }

  // Returns the outermost directory around `path` that only one side has any name of, or an empty text.
  std::string_view outermost_one_sided(std::uint32_t path) const;

 private:
  const Comparison& comparison_;
  std::vector<Sides> paths_;
  absl::flat_hash_map<std::string_view, Sides> directories_;
};

}  // namespace rfan::replay
