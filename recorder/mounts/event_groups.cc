#include "recorder/mounts/event_groups.h"

#include <utility>

#include "recorder/system/fatal_signals.h"

namespace rfan::recorder {

Result<EventGroups> EventGroups::create(EventPlan plan, const GroupOptions& options,
                                        bool notifications_required) {
  std::optional<FanotifyGroup> permissions;
  std::optional<FanotifyGroup> notifications;
  if (plan.permission != 0) {
    auto group = FanotifyGroup::create(GroupKind::kPermission, options);
    if (!group) return group.error();
    close_on_fatal_signal(group->fd());
    permissions = std::move(*group);
  }
  if (plan.notification != 0 || notifications_required) {
    auto group = FanotifyGroup::create(GroupKind::kNotification, options);
    if (!group && (notifications_required || !plan.can_do_without_notifications())) return group.error();
    if (!group) plan.notification = 0;
    if (group) notifications = std::move(*group);
  }
  return EventGroups(plan, std::move(permissions), std::move(notifications));
}

Status EventGroups::ignore_file(int fd) {
  if (permissions_) {
    if (auto status = permissions_->ignore_file(plan_.permission, fd); !status) return status;
  }
  const auto mask = plan_.notifications_of_files();
  return notifications_ && mask != 0 ? notifications_->ignore_file(mask, fd) : Status();
}

MarkedGroups EventGroups::marked() {
  return {permissions_ ? &*permissions_ : nullptr, notifications_ ? &*notifications_ : nullptr, plan_};
}

void EventGroups::remove_marks() {
  if (permissions_) permissions_->remove_marks();
  if (notifications_) notifications_->remove_marks();
}

void EventGroups::close() {
  if (permissions_) close_on_fatal_signal(-1);
  permissions_.reset();
  notifications_.reset();
}

}  // namespace rfan::recorder
