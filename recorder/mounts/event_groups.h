// The two fanotify groups of a recording, together.
#pragma once

#include <optional>
#include <utility>

#include "format/base/error.h"
#include "recorder/kernel/event_plan.h"
#include "recorder/kernel/fanotify_group.h"
#include "recorder/mounts/scope.h"

namespace rfan::recorder {

// Owns the permission and the notification group, as far as the plan needs them. Main thread; the reader
// thread uses the groups between CaptureLoop's start and stop.
class EventGroups {
 public:
  // `told_at_any_rate`: the notification group is needed though the plan has nothing for it, for filesystems
  // that cannot be held.
  static Result<EventGroups> create(EventPlan plan, const GroupOptions& options, bool told_at_any_rate);
  EventGroups(EventGroups&&) = default;
  EventGroups& operator=(EventGroups&&) = default;

  // Nothing that happens to this file is reported, whoever does it: for the trace itself.
  Status ignore_file(int fd);

  // Nobody waits for an answer who comes through the mount behind `directory`: for rotated files, which the
  // writer thread opens while the reader may wait for it. Where the kernel cannot do that, the writer waits.
  void hold_nothing_below(int directory) {
    if (held_) held_->ignore_mount(plan_.held, directory);
  }

  // Valid while this object lives, until close().
  MarkedGroups marked();

  // No new events; what is queued still waits.
  void remove_marks();
  // The kernel lets everyone go who still waits.
  void close();

 private:
  EventGroups(const EventPlan& plan, std::optional<FanotifyGroup> held, std::optional<FanotifyGroup> told)
      : plan_(plan), held_(std::move(held)), told_(std::move(told)) {}

  EventPlan plan_;
  std::optional<FanotifyGroup> held_;
  std::optional<FanotifyGroup> told_;
};

}  // namespace rfan::recorder
