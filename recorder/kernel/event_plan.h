// The kernel events we ask for, and the group that each comes from.
#pragma once

#include <cstdint>

#include "format/model/trace_info.h"

namespace rfan::recorder {

// Masks for fanotify_mark(2). A mask of 0 means that the group is not needed. There are two groups because
// the kernel refuses names and permission events in one group.
struct EventPlan {
  // Permission group: opens and execs that wait for us, and closes; each event has a descriptor.
  std::uint64_t permission = 0;
  // Notification group: events by name without descriptors; the kernel may merge them.
  std::uint64_t notification = 0;
  // Mask of the notification group on filesystems that can have no permission events; replaces `permission`
  // there.
  std::uint64_t instead_of_permission = 0;

  // The events the user asked for. We do not record the others; they keep names and processes correct.
  std::uint64_t recorded = 0;

  // Returns whether recording makes sense without the notification group (before Linux 5.17).
  bool can_do_without_notifications() const { return (notification & recorded) == 0; }

  // Returns the events that the notification group may ignore for a single file: those of the file itself,
  // not those of its directory entry.
  std::uint64_t notifications_of_files() const;
};

// Chooses the masks. `event_kinds` has bit (1 << EventKind) for each wanted kind. Closes come from the group
// that has the opens. Where opens are permission events, closes have descriptors too, so both get the same
// path: by name, a file that was opened through a bind mount seems to be closed elsewhere. This costs the
// writer 45 % more CPU time. Where they are notification events, closes come by name.
EventPlan plan_events(format::HoldMode hold, std::uint32_t event_kinds);

}  // namespace rfan::recorder
