#include "replay/diff/causes/path_tree.h"

#include <algorithm>

namespace rfan::replay {

std::string_view common_directory(std::string_view directory, std::string_view path) {
  const auto holds_path = [&] {
    return path.starts_with(directory) && (path.size() == directory.size() || path[directory.size()] == '/');
  };
  while (!directory.empty() && !holds_path()) directory = parent_of(directory);
  return directory;
}

PathTree::PathTree(const Comparison& comparison)
    : comparison_(comparison), paths_(comparison.paths().size()) {
  for (std::size_t cell = 0; cell < comparison.cells().size(); ++cell) {
    auto& sides = paths_[comparison.cells()[cell].path];
    for (std::size_t run = 0; run < comparison.runs(); ++run) {
      if (comparison.sum(cell, run).events == 0) continue;
      (run < comparison.base_runs() ? sides.base : sides.fresh) = true;
    }
  }
  for (std::size_t path = 0; path < paths_.size(); ++path) {
    std::string_view directory = comparison.paths()[path];
    for (directory = parent_of(directory); !directory.empty(); directory = parent_of(directory)) {
      auto& sides = directories_[directory];
      const auto before = sides;
      sides.base |= paths_[path].base;
      sides.fresh |= paths_[path].fresh;
      // The outer directories have the same sides already, unless this one is new to the tree.
      if (before.base == sides.base && before.fresh == sides.fresh) break;
    }
  }
}

std::string_view PathTree::outermost_one_sided(std::uint32_t path) const {
  std::string_view outermost;
  const std::string_view name = comparison_.paths()[path];
  for (auto directory = directories_.contains(name) ? name : parent_of(name); !directory.empty();
       directory = parent_of(directory)) {
    if (!directories_.at(directory).one_sided()) break;
    outermost = directory;
  }
  return outermost;
}

}  // namespace rfan::replay
