// Finds every program and path whose events differ between the sides, and whether noise explains it.
#pragma once

#include <cstdint>
#include <vector>

#include "replay/diff/causes/finding.h"
#include "replay/diff/runs/comparison.h"
#include "replay/diff/runs/significance.h"

namespace rfan::replay {

// The events of one program on one path. Reading (open, exec, access, close without writing) and writing (all
// else) are separate, so that a file that is written instead of read shows. This is the tested unit. It is
// finer than the reported one, since causes are found by what their effects have in common.
struct Difference {
  std::uint32_t actor = 0;
  std::uint32_t path = 0;
  bool writes = false;
  double base = 0;  // mean events per run
  double fresh = 0;
  double executions_delta = 0;  // of the events, the executions
  double p_value = 1;

  double delta() const { return fresh - base; }
};

struct Differences {
  std::vector<Difference> significant;
  std::vector<Difference> hidden;  // differ, but noise explains it; or all, with one run a side
  std::size_t keys = 0;            // number of tested units, including equal ones
};

bool is_writing(format::EventKind kind);

// Tests each unit where a side has several runs. One run a side cannot tell noise from a difference of one
// unit (pair_judge.h).
Differences find_differences(const Comparison& comparison);

// Returns floors of the variance of counts, for NoiseFloor: from replicates if there are any, else from
// slices. Then `even` holds the events of even slices, laid out like `samples`.
std::vector<double> count_floors(const Samples& samples, const std::vector<double>& even);

}  // namespace rfan::replay
