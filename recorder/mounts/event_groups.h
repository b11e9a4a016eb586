// The two fanotify groups of a recording, together.
#pragma once

#include <optional>
#include <utility>

#include "format/base/error.h"
#include "recorder/kernel/event_plan.h"
#include "recorder/kernel/fanotify_group.h"
#include "recorder/mounts/scope.h"

namespace rfan::recorder {

// Owns the permission group and the notification group, as far as the plan needs them. For the main thread;
// the reader thread uses the groups between CaptureLoop's start and stop.
class EventGroups {
 public:
  // Creates the groups. `notifications_required` asks for a notification group even if the plan has no events
  // for it, because some filesystem can have no permission events.
  static Result<EventGroups> create(EventPlan plan, const GroupOptions& options, bool notifications_required);
  EventGroups(EventGroups&&) = default;
  EventGroups& operator=(EventGroups&&) = default;

  // Suppresses every event on this file, whoever causes it. Used for the trace itself.
  Status ignore_file(int fd);

  // Lets opens through the mount of `directory` proceed without permission events. Used for rotated files:
  // the writer thread opens them while the reader may be waiting for it. If the kernel cannot do that, the
  // writer's opens wait.
  void hold_nothing_below(int directory) {
    if (permissions_) permissions_->ignore_mount(plan_.permission, directory);
  }

  // Valid until close() or the end of this object.
  MarkedGroups marked();

  // Stops new events. Queued events still wait.
  void remove_marks();
  // Closes the groups. The kernel then releases every opener that still waits.
  void close();

 private:
  EventGroups(const EventPlan& plan, std::optional<FanotifyGroup> permissions,
              std::optional<FanotifyGroup> notifications)
      : plan_(plan), permissions_(std::move(permissions)), notifications_(std::move(notifications)) {}

  EventPlan plan_;
  std::optional<FanotifyGroup> permissions_;
  std::optional<FanotifyGroup> notifications_;
};

}  // namespace rfan::recorder
