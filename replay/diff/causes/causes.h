// From what differs to why: many differences with one cause become one finding.
#pragma once

#include <span>
#include <vector>

#include "replay/diff/causes/differences.h"
#include "replay/diff/causes/finding.h"
#include "replay/diff/causes/path_tree.h"
#include "replay/diff/causes/program_places.h"
#include "replay/diff/runs/comparison.h"

namespace rfan::replay {

// Groups differences, in this order:
//  1. by a program that only one side has: all that it and the programs it started did, and its own file.
//     Two such programs with the same parent, one on each side, are one finding (one replaced the other);
//  2. by a program that ran more or less often: whatever grew or shrank as the number of processes did;
//  3. by the outermost directory that only one side knows anything of. When most names below it are also
//     those of a directory that only the other side knows, it was moved (another build directory);
//  4. by directory, direction and programs.
// Made once for a comparison, which must outlive it. Any thread.
class CauseFinder {
 public:
  explicit CauseFinder(const Comparison& comparison);

  // Ordered by how many events they explain.
  std::vector<Finding> find(std::span<const Difference> differences) const;

 private:
  const Comparison& comparison_;
  ProgramPlaces places_;
  PathTree tree_;
};

// Takes out the causes that are not significant when each counts as one discovery among `keys` tests. What a
// cause stands for supports itself (Finding::joint_p), but a hundred headers of one include path must not
// lend their weight to a hundred and first, unrelated line.
std::vector<Finding> take_insignificant(std::vector<Finding>& causes, std::size_t keys);

}  // namespace rfan::replay
