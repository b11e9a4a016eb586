// Finds the causes of differences: many differences with one cause become one finding.
#pragma once

#include <span>
#include <vector>

#include "replay/diff/causes/differences.h"
#include "replay/diff/causes/finding.h"
#include "replay/diff/causes/path_tree.h"
#include "replay/diff/causes/program_places.h"
#include "replay/diff/runs/comparison.h"

namespace rfan::replay {

// Groups differences by cause, in this order:
//   1. by a program that only one side has: everything that it and the programs it started did, and its own
//      file. Two such programs with the same parent, one on each side, are one finding (a replacement);
//   2. by a program that ran more or less often: everything that changed in proportion to its processes;
//   3. by the outermost directory that only one side has any name of. If most names below it also lie below a
//      directory that only the other side has, it was moved (another build directory);
//   4. by directory, direction and programs.
// Made once for a comparison, which must outlive it. Any thread.
class CauseFinder {
 public:
  explicit CauseFinder(const Comparison& comparison);

  // Returns the findings, those that explain most events first.
  std::vector<Finding> find(std::span<const Difference> differences) const;

 private:
  const Comparison& comparison_;
  ProgramPlaces places_;
  PathTree tree_;
};

// Removes and returns the causes that are not significant if each counts as one discovery among `keys` tests.
// The members of a cause support each other (Finding::joint_p). But a hundred headers of one include path
// must not lend their weight to another, unrelated line.
std::vector<Finding> take_insignificant(std::vector<Finding>& causes, std::size_t keys);

}  // namespace rfan::replay
