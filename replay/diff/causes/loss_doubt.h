// Which differences the losses of a trace could have caused.
#pragma once

#include "replay/diff/runs/comparison.h"

namespace rfan::replay {

// A loss makes counts of its run too small. More in the new runs is doubtful when the base runs lost enough
// events to explain it, and the other way round.
class LossDoubt {
 public:
  explicit LossDoubt(const Comparison& comparison);
  bool covers(double delta) const;

 private:
  double lost_[2] = {0, 0};  // by Side: most that a run lost; infinite when it is not known
};

}  // namespace rfan::replay
