// Judges the causes of differences between one run and one run.
#pragma once

#include <cstddef>
#include <vector>

#include "replay/diff/causes/finding.h"

namespace rfan::replay {

// Sets the tag of each cause.
//
// Two single runs do not show how much runs differ anyway. The other causes of the pair show it: if chance
// made many small ones, it may have made this one, too. So
//
//   expected = (causes of the same kind that explain no more events + kPriorCauses) * tail(events)
//
// is the number of such lines that chance would give, and decides the tag. A cause does not count as noise
// against itself, and its effects do not, because they are grouped with it. Facts (Finding::is_fact()) and
// counts do not judge each other: whether a file is there says nothing about how often it is read. The tail
// is that of a Student variable with 3 degrees of freedom, as among regrouped runs (significance.h).
//
// Rejected: a share of differing keys among all keys (one key in 75 made twelve new files noise), and a
// verdict "no difference" in place of a weak one.
void judge_pair(std::vector<Finding>& causes);

// Pairs of recordings of the same compile showed less than this (bench/README.md).
inline constexpr double kPriorCauses = 0.1;

}  // namespace rfan::replay
