// Reads events from the kernel into the arena of the reader thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "recorder/handover/arena.h"
#include "recorder/kernel/event_source.h"
#include "recorder/kernel/read_relay.h"
#include "recorder/system/clock.h"
#include "recorder/threads/arena_filler.h"
#include "recorder/threads/stall_watch.h"

namespace rfan::recorder {

// Decides how much one read() takes, and knows up to which time each queue has been read. Reader thread.
class EventIntake {
 public:
  struct Sources {
    PermissionReads* permissions = nullptr;  // null: there is no permission group
    EventSource* notifications = nullptr;    // null: there is no notification group
  };
  // All references must outlive this. `descriptor_budget`: event descriptors that may be open at a time.
  EventIntake(const Sources& sources, ArenaFiller& arena, const ArenaPool& pool,
              std::int64_t descriptor_budget, const Clock& clock);

  bool may_open_descriptors() const { return descriptors_left() > 0; }

  // Precondition of both reads: the filler has an arena with room. Permission events do not enter it yet.
  // Reads permission events: first those that a blocked read() brought, since their openers have waited
  // longest. `queue_is_empty`: a read would be in vain. Returns nothing when the role of the reader is gone.
  std::optional<EventRead> read_permissions(bool queue_is_empty);
  // Reads about 150 events at most (0.1 ms), since openers wait meanwhile.
  // Leaves room in the arena for `waiting` permission events, which come after.
  EventRead read_notifications(std::size_t waiting);
  bool has_notifications_until(std::uint64_t ns) const { return arena_.notified_until_ns() >= ns; }

  // Reads permission events past the arena, for lack of room. Returns nothing when the role is gone.
  std::optional<PermissionBytes> read_without_arena();
  bool reads_permissions() const { return sources_.permissions != nullptr; }

  // The reader is about to sleep for at most this long.
  void allow_idle(std::uint64_t ns) { stalls_.allow_idle(ns); }
  // Openers waited until `until_ns`.
  void note_stall(const StallWatch::Stall& stall);

 private:
  std::int64_t descriptors_left() const;
  std::size_t max_events() const;
  std::optional<PermissionBytes> take_late(std::size_t max_events);
  void note_progress(std::uint64_t now_ns);

  Sources sources_;
  ArenaFiller& arena_;
  const ArenaPool& pool_;
  std::int64_t descriptor_budget_;
  const Clock& clock_;
  StallWatch stalls_;
  std::uint64_t permissions_until_ns_ = 0;  // every event that was queued before has been read
};

}  // namespace rfan::recorder
