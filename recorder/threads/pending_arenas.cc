#include "recorder/threads/pending_arenas.h"

#include <utility>

namespace rfan::recorder {

PendingEvents PendingArenas::begin() {
  if (spare_.empty()) return {};
  auto events = std::move(spare_.back());
  spare_.pop_back();
  return events;
}

void PendingArenas::push(PendingEvents events, std::uint64_t end_position, std::uint64_t now_ns) {
  events.end_position = end_position;
  events.looked_up_ns = now_ns;
  events.settle_by_ns = now_ns + kMaxSettleNs;
  arenas_.push_back(std::move(events));
}

bool PendingArenas::oldest_is_settled(std::uint64_t notified_until_ns) const {
  const auto& oldest = arenas_.front();
  return oldest.descriptors.empty() || oldest.looked_up_ns <= notified_until_ns;
}

std::uint64_t PendingArenas::due_ns() const {
  return arenas_.empty() ? UINT64_MAX : arenas_.front().looked_up_ns + kMaxWaitNs;
}

void PendingArenas::pop() {
  arenas_.front().clear();
  spare_.push_back(std::move(arenas_.front()));
  arenas_.pop_front();
}

}  // namespace rfan::recorder
