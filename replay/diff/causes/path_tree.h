// The directories of a comparison, and which side knows anything of them.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <cstdint>
#include <string_view>

#include "replay/diff/runs/comparison.h"

namespace rfan::replay {

// "/a/b" of "/a/b/c"; "" of "/c" and of a name without a slash.
std::string_view directory_of(std::string_view path);
// The longest directory that is or holds both. A view of `directory`.
std::string_view common_directory(std::string_view directory, std::string_view path);

// Refers to the paths of a comparison, which must outlive it.
class PathTree {
 public:
  explicit PathTree(const Comparison& comparison);

  struct Sides {
    bool base = false;
    bool fresh = false;
    bool one_sided() const { return base != fresh; }
  };
  Sides sides_of(std::uint32_t path) const { return paths_[path]; }

  // The outermost directory around `path` of which only one side knows anything; empty when there is none.
  std::string_view outermost_one_sided(std::uint32_t path) const;

 private:
  const Comparison& comparison_;
  std::vector<Sides> paths_;
  absl::flat_hash_map<std::string_view, Sides> directories_;
};

}  // namespace rfan::replay
