#include "recorder/mounts/event_groups.h"

#include <utility>

#include "recorder/system/fatal_signals.h"

namespace rfan::recorder {

Result<EventGroups> EventGroups::create(EventPlan plan, const GroupOptions& options, bool told_at_any_rate) {
  std::optional<FanotifyGroup> held;
  std::optional<FanotifyGroup> told;
  if (plan.held != 0) {
    auto group = FanotifyGroup::create(GroupKind::kPermission, options);
    if (!group) return group.error();
    close_on_fatal_signal(group->fd());
    held = std::move(*group);
  }
  if (plan.told != 0 || told_at_any_rate) {
    auto group = FanotifyGroup::create(GroupKind::kNotification, options);
    if (!group && (told_at_any_rate || !plan.can_do_without_told())) return group.error();
    if (!group) plan.told = 0;
    if (group) told = std::move(*group);
  }
  return EventGroups(plan, std::move(held), std::move(told));
}

Status EventGroups::ignore_file(int fd) {
  if (held_) {
    if (auto status = held_->ignore_file(plan_.held, fd); !status) return status;
  }
  const auto told = plan_.told_of_files();
  return told_ && told != 0 ? told_->ignore_file(told, fd) : Status();
}

MarkedGroups EventGroups::marked() {
  return {held_ ? &*held_ : nullptr, told_ ? &*told_ : nullptr, plan_};
}

void EventGroups::remove_marks() {
  if (held_) held_->remove_marks();
  if (told_) told_->remove_marks();
}

void EventGroups::close() {
  if (held_) close_on_fatal_signal(-1);
  held_.reset();
  told_.reset();
}

}  // namespace rfan::recorder
