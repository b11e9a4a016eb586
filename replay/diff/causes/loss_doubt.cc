#include "replay/diff/causes/loss_doubt.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace rfan::replay {

LossDoubt::LossDoubt(const Comparison& comparison) {
  for (const auto& part : comparison.parts()) {
    double lost = 0;
    for (const auto& loss : part.tally->losses()) {
      lost += loss.count ? static_cast<double>(*loss.count) : std::numeric_limits<double>::infinity();
    }
    // The losses by damage and by a missing end are not counted anywhere.
    if (part.tally->partial() && part.tally->losses().empty()) lost = std::numeric_limits<double>::infinity();
    auto& side = lost_[part.run < comparison.base_runs() ? 0 : 1];
    side = std::max(side, lost);
  }
}

bool LossDoubt::covers(double delta) const {
  const double lost = delta > 0 ? lost_[0] : lost_[1];
  return lost > 0 && lost >= std::abs(delta);
}

}  // namespace rfan::replay
