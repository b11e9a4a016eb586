#include "recorder/threads/event_intake.h"

#include <algorithm>
#include <cassert>

namespace rfan::recorder {

EventIntake::EventIntake(const Sources& sources, ArenaFiller& arena, const ArenaPool& pool,
                         std::int64_t descriptor_budget, const Clock& clock)
    : sources_(sources), arena_(arena), pool_(pool), descriptor_budget_(descriptor_budget), clock_(clock) {
  if (sources.notifications == nullptr) arena.set_notified_until(UINT64_MAX);
}

std::int64_t EventIntake::descriptors_left() const {
  return descriptor_budget_ - pool_.open_descriptors.load(std::memory_order_acquire);
}

// The descriptors of a blocked read() are not counted until it is through.
std::size_t EventIntake::max_events() const {
  constexpr std::size_t kOfManyReads = 64;
  return sources_.permissions->blocked() == 0 ? PermissionReads::kMaxEvents : kOfManyReads;
}

std::optional<EventRead> EventIntake::read_permissions(bool queue_is_empty) {
  if (!reads_permissions()) return EventRead{};
  assert(arena_.has_room() && may_open_descriptors());
  const auto limit =
      std::min({arena_.free_events(), static_cast<std::size_t>(descriptors_left()), max_events()});
  auto brought = take_late(limit);
  if (!brought && queue_is_empty) return EventRead{};
  const auto asked_ns = clock_.now_ns();
  note_progress(asked_ns);
  EventRead read{.since_ns = permissions_until_ns_};
  if (brought) {
    read.is_late = true;
    read.since_ns = 0;  // long ago
  } else {
    brought = sources_.permissions->read(limit, asked_ns);
    if (!brought) return std::nullopt;
    const bool took_all = brought->error == 0 && brought->events.size() < limit * kKernelEventBytes;
    if (took_all) permissions_until_ns_ = asked_ns;
  }
  // Before kernel 6.13 an event whose descriptor cannot be opened is swallowed, its opener DENIED, and read()
  // fails.
  if (brought->error != 0) ++arena_.missing().failed_reads;
  read.bytes = brought->events;
  read.until_ns = clock_.now_ns();
  return read;
}

std::optional<PermissionBytes> EventIntake::take_late(std::size_t max_events) {
  auto late = sources_.permissions->take_late(max_events);
  for (; late && late->events.empty(); late = sources_.permissions->take_late(max_events))
    ++arena_.missing().failed_reads;
  return late;
}

EventRead EventIntake::read_notifications(std::size_t waiting) {
  constexpr std::size_t kMaxBytes = 16 * 1024;
  if (sources_.notifications == nullptr || !arena_.has_room(waiting)) return {};
  EventRead read{.since_ns = arena_.notified_until_ns()};
  const auto room = arena_.free_bytes(waiting);
  const auto limit = std::min(room.size(), kMaxBytes);
  const auto asked_ns = clock_.now_ns();
  note_progress(asked_ns);
  const long bytes = sources_.notifications->read(room.first(limit));
  if (bytes < 0) {
    ++arena_.missing().failed_reads;
    return read;
  }
  read.bytes = arena_.append(static_cast<std::size_t>(bytes));
  read.until_ns = read.bytes.empty() ? asked_ns : clock_.now_ns();
  // Everything, where the longest event would have found room.
  if (read.bytes.size() + ArenaFiller::kMaxEventBytes <= limit) arena_.set_notified_until(asked_ns);
  return read;
}

std::optional<PermissionBytes> EventIntake::read_without_arena() {
  auto brought = take_late(max_events());
  if (!brought) brought = sources_.permissions->read(max_events(), clock_.now_ns());
  if (brought && brought->error != 0) ++arena_.missing().failed_reads;
  return brought;
}

void EventIntake::note_progress(std::uint64_t now_ns) {
  if (const auto stall = stalls_.progress(now_ns)) note_stall(*stall);
}

void EventIntake::note_stall(const StallWatch::Stall& stall) {
  auto& missing = arena_.missing();
  if (missing.stalls++ == 0) missing.stalled_since_ns = stall.since_ns;
  missing.stalled_until_ns = stall.until_ns;
  stalls_.restart(stall.until_ns);
}

}  // namespace rfan::recorder
