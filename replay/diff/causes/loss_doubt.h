// Decides which differences the losses of a trace could have caused.
#pragma once

#include "replay/diff/runs/comparison.h"

namespace rfan::replay {

// A loss makes the counts of its run too small. More events in the new runs are doubtful if the base runs
// lost enough events to explain it, and vice versa.
class LossDoubt {
 public:
  explicit LossDoubt(const Comparison& comparison);
  bool covers(double delta) const;

 private:
  double lost_[2] = {0, 0};  // by Side: the largest loss of a run; infinite if unknown
};

}  // namespace rfan::replay
