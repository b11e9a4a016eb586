// Which kernel events are asked for, and from which of the two groups.
#pragma once

#include <cstdint>

#include "format/model/trace_info.h"

namespace rfan::recorder {

// Masks for fanotify_mark(2); 0: that group is not needed. Two groups, since the kernel refuses names and
// permission events in one.
struct EventPlan {
  std::uint64_t held = 0;  // the permission group: opens and execs that wait, and closes, with descriptors
  std::uint64_t told = 0;  // the notification group: names, no descriptors, may merge
  // What the notification group is asked for instead of `held`, on filesystems where nothing may be held.
  std::uint64_t told_instead = 0;

  // Of all these, what the user asked for: the rest keeps names and processes true and is not recorded.
  std::uint64_t recorded = 0;

  // Whether the recording is worth something without the notification group (before Linux 5.17).
  bool can_do_without_told() const { return (told & recorded) == 0; }

  // What the notification group may be asked to ignore of one file: its events, not those of its directory
  // entry.
  std::uint64_t told_of_files() const;
};

// `event_kinds`: bit (1 << EventKind). Closes come with the group that has the opens: as descriptors beside
// held opens, which gives both the same path (by name, a file opened through a bind mount is closed
// elsewhere), though it costs the writer 45 % more CPU time; and by name where no open is held.
EventPlan plan_events(format::HoldMode hold, std::uint32_t event_kinds);

}  // namespace rfan::recorder
