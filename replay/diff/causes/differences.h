// Every program and path whose events differ between the sides, and whether noise explains it.
#pragma once

#include <cstdint>
#include <vector>

#include "replay/diff/causes/finding.h"
#include "replay/diff/runs/comparison.h"
#include "replay/diff/runs/significance.h"

namespace rfan::replay {

// What one program did to one path, reading (open, exec, access, close without writing) and writing (all
// else) apart, so that a file that is written instead of read shows. This is the unit that is tested: finer
// than what is reported, since causes are found by what their effects have in common.
struct Difference {
  std::uint32_t actor = 0;
  std::uint32_t path = 0;
  bool writes = false;
  double base = 0;  // mean events of a run
  double fresh = 0;
  double p_value = 1;
  double q_value = 1;

  double delta() const { return fresh - base; }
};

struct Differences {
  std::vector<Difference> significant;
  std::vector<Difference> hidden;  // differ, but by no more than noise explains
  std::size_t keys = 0;            // tested, equal ones included
};

bool is_writing(format::EventKind kind);

Differences find_differences(const Comparison& comparison);

// Floors of the variance of counts, for NoiseFloor: from replicates, else from slices (`even`: the events of
// even slices, laid out as `samples`).
std::vector<double> count_floors(const Samples& samples, const std::vector<double>& even);

}  // namespace rfan::replay
