#include "recorder/loss_ledger.h"

#include <algorithm>

namespace rfan::recorder {

using format::Loss;

void LossLedger::add(const Loss& loss) {
  (format::loses_events(loss.cause) ? lost_ : impaired_) += loss.count.value_or(1);
  const auto same = std::find_if(pending_.begin(), pending_.end(), [&](const Loss& entry) {
    return entry.cause == loss.cause && entry.count.has_value() == loss.count.has_value();
  });
  if (same == pending_.end()) {
    pending_.push_back(loss);
    return;
  }
  if (loss.count) *same->count += *loss.count;
  same->first_ns = std::min(same->first_ns, loss.first_ns);
  same->last_ns = std::max(same->last_ns, loss.last_ns);
}

void LossLedger::hand_over(format::TraceWriter& trace) {
  for (const auto& loss : pending_) trace.add_loss(loss);
  pending_.clear();
}

}  // namespace rfan::recorder
