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
  // Creates the groups. `told_at_any_rate` asks for a notification group even if the plan has no events for
  // it, because some filesystem cannot be held.
  static Result<EventGroups> create(EventPlan plan, const GroupOptions& options, bool told_at_any_rate);
  EventGroups(EventGroups&&) = default;
  EventGroups& operator=(EventGroups&&) = default;

  // Suppresses every event on this file, whoever causes it. Used for the trace itself.
  Status ignore_file(int fd);

  // Lets opens through the mount of `directory` proceed without permission events. Used for rotated files:
  // the writer thread opens them while the reader may be waiting for it. If the kernel cannot do that, the
  // writer's opens wait.
  void hold_nothing_below(int directory) {
    if (held_) held_->ignore_mount(plan_.held, directory);
  }

  // Valid until close() or the end of this object.
  MarkedGroups marked();

  // Stops new events. Queued events still wait.
  void remove_marks();
  // Closes the groups. The kernel then releases every opener that still waits.
  void close();

 private:
  EventGroups(const EventPlan& plan, std::optional<FanotifyGroup> held, std::optional<FanotifyGroup> told)
      : plan_(plan), held_(std::move(held)), told_(std::move(told)) {}

  EventPlan plan_;
  std::optional<FanotifyGroup> held_;
  std::optional<FanotifyGroup> told_;
};

}  // namespace rfan::recorder
