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

// Finds all causes of a comparison and tags them: the surest first, then those that explain most. With
// several runs a side, noise explains the weak ones (significance.h); with one, see pair_judge.h.
std::vector<Finding> find_causes(const Comparison& comparison);

}  // namespace rfan::replay
