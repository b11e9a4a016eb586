#include "recorder/output/loss_ledger.h"

namespace rfan::recorder {

void LossLedger::add(const format::Loss& loss) {
  if (!format::concerns_events(loss.cause)) {
    stalls_ += loss.count.value_or(0);
  } else {
    (format::loses_events(loss.cause) ? lost_ : impaired_).add(loss);
  }
  pending_.add(loss);
}

void LossLedger::hand_over(format::TraceWriter& trace) {
  for (const auto& loss : pending_.losses()) trace.add_loss(loss);
  pending_.clear();
}

}  // namespace rfan::recorder
