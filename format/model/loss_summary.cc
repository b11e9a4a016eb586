#include "format/model/loss_summary.h"

#include <algorithm>

#include "format/base/number_text.h"

namespace rfan::format {

void LossSummary::add(const Loss& loss) {
  const auto same = std::find_if(losses_.begin(), losses_.end(), [&](const Loss& entry) {
    return entry.cause == loss.cause && entry.count.has_value() == loss.count.has_value();
  });
  if (same == losses_.end()) {
    losses_.push_back(loss);
    return;
  }
  if (loss.count) *same->count += *loss.count;
  same->first_ns = std::min(same->first_ns, loss.first_ns);
  same->last_ns = std::max(same->last_ns, loss.last_ns);
}

void LossCount::add(const Loss& loss) {
  known += loss.count.value_or(0);
  and_more = and_more || !loss.count;
}

std::string loss_count_text(const LossCount& count) {
  if (!count.and_more) return count_text(count.known);
  return count.known == 0 ? "an unknown number of" : "at least " + count_text(count.known);
}

}  // namespace rfan::format
