#include "recorder/mounts/scope.h"

#include <algorithm>
#include <cstring>
#include <set>

#include "recorder/mounts/mounts.h"

namespace rfan::recorder {

namespace {

using format::MountCoverage;

// Marks the filesystem, or else the mount, and sets `how` accordingly.
Status mark(FanotifyGroup& group, std::uint64_t mask, const std::string& path, std::string& how) {
  how = "filesystem mark";
  auto status = group.add_mark(MarkKind::kFilesystem, mask, path);
  if (status.ok()) return status;
  how = "mount mark: other mounts of the filesystem are not seen";
  // The first error explains the failure.
  return group.add_mark(MarkKind::kMount, mask, path).ok() ? Status() : status;
}

// Returns where to mark. Any path on the mount would do, except that a btrfs subvolume has an identity of its
// own and refuses marks that report it (EXDEV), while the root of the filesystem accepts them.
std::string mark_path(const MarkTarget& target) {
  const bool is_reachable =
      !target.mount_point.empty() && target.mount_id != 0 && mount_id(target.mount_point) == target.mount_id;
  return is_reachable ? target.mount_point : target.path;
}

MountCoverage covered(const MarkTarget& target, const std::string& how) {
  return {target.path, target.fs_type, true, how};
}

MountCoverage not_covered(const MarkTarget& target, const std::string& why) {
  return {target.path, target.fs_type, false, why};
}

MountCoverage place_notification_mark(const MarkedGroups& groups, const MarkTarget& target) {
  const auto why = why_no_permission_events(target.fs_type);
  if (groups.notifications == nullptr) return not_covered(target, why);
  std::string how;
  const auto status =
      mark(*groups.notifications, groups.plan.instead_of_permission | groups.plan.notification,
           mark_path(target), how);
  if (!status) return not_covered(target, why + "; nor told: " + std::strerror(status.error().errno_value));
  return covered(target, how + ", opens are told, not held: " + why);
}

std::string remedy(const MountCoverage& mount) {
  if (mount.fs_type == "overlay")
    return "record the filesystem of its layers instead (findmnt -no OPTIONS --target '" + mount.path +
           "' names them)";
  return "rfanrec --coverage says which filesystems can be recorded";
}

}  // namespace

Result<Scope> scope_of_paths(const std::vector<std::string>& paths) {
  const auto mounts = read_mounts();
  if (!mounts) return mounts.error();
  Scope scope;
  std::set<std::string> devices;
  for (const auto& path : paths) {
    const auto mount = mount_of(path, mounts.value());
    if (!mount) return mount.error();
    const auto& fs_type = mount.value().fs_type;
    if (is_kernel_interface(fs_type)) {
      return Error{"cannot record the " + fs_type + " filesystem of", path, 0,
                   why_no_permission_events(fs_type)};
    }
    if (devices.insert(mount.value().device).second)
      scope.targets.push_back({path, fs_type, mount.value().id, mount.value().path});
  }
  return scope;
}

Scope scope_of(const std::vector<Mount>& mounts) {
  Scope scope;
  std::set<std::string> devices;
  for (const auto& mount : mounts) {
    if (is_kernel_interface(mount.fs_type)) {
      scope.coverage.push_back({mount.path, mount.fs_type, false, why_no_permission_events(mount.fs_type)});
    } else if (devices.insert(mount.device).second) {
      scope.targets.push_back({mount.path, mount.fs_type, mount.id, mount.path});
    }
  }
  return scope;
}

MountCoverage place_mark(const MarkedGroups& groups, const MarkTarget& target) {
  // If another mount covers this path, its filesystem is a different one, and perhaps can have no permission
  // events.
  const auto id = mount_id(target.path);
  if (id != 0 && target.mount_id != 0 && id != target.mount_id)
    return not_covered(target, "hidden by another mount");
  if (groups.plan.permission != 0 && !can_have_permission_events(target.fs_type))
    return place_notification_mark(groups, target);
  const auto path = mark_path(target);
  std::string how;
  if (groups.plan.notification != 0) {
    // Before the permission mark, so that nothing in between waits without notification events.
    const auto notified = mark(*groups.notifications, groups.plan.notification, path, how);
    if (!notified && groups.plan.permission == 0)
      return not_covered(target, std::strerror(notified.error().errno_value));
    if (!notified && !groups.plan.can_do_without_notifications())
      how = std::string("no names of created, deleted and renamed files: ") +
            std::strerror(notified.error().errno_value);
  }
  if (groups.plan.permission == 0) return covered(target, how);
  std::string how_permission;
  const auto marked = mark(*groups.permissions, groups.plan.permission, path, how_permission);
  if (!marked) return not_covered(target, std::strerror(marked.error().errno_value));
  return covered(target, how.empty() || how == how_permission ? how_permission : how_permission + "; " + how);
}

MountCoverage place_mark(const MarkedGroups& groups, const Mount& mount) {
  const MarkTarget target{mount.path, mount.fs_type, mount.id, mount.path};
  return is_kernel_interface(mount.fs_type) ? not_covered(target, why_no_permission_events(mount.fs_type))
                                            : place_mark(groups, target);
}

bool is_marked(const MarkedGroups& groups, const Mount& mount) {
  const bool has_permission_mark = groups.plan.permission != 0 && can_have_permission_events(mount.fs_type);
  const FanotifyGroup* const group = has_permission_mark ? groups.permissions : groups.notifications;
  return group != nullptr && !is_kernel_interface(mount.fs_type) && group->has_mark(mount.path);
}

// Requests only exec events on all other filesystems, because programs lie there too and ExecOrder needs
// their execs. Where that fails, the events around an exec stay uncertain.
void mark_execs_elsewhere(const MarkedGroups& groups, const Scope& scope) {
  const auto mounts = read_mounts();
  if (!mounts || groups.notifications == nullptr) return;
  std::set<std::string> devices;
  for (const auto& mount : mounts.value()) {
    const auto is_target = [&](const MarkTarget& target) { return target.mount_id == mount.id; };
    if (std::any_of(scope.targets.begin(), scope.targets.end(), is_target)) devices.insert(mount.device);
  }
  for (const auto& mount : mounts.value()) {
    if (is_kernel_interface(mount.fs_type) || !devices.insert(mount.device).second) continue;
    [[maybe_unused]] const auto status =
        groups.notifications->add_mark(MarkKind::kFilesystem, FAN_OPEN_EXEC, mount.path);
  }
}

Status place_marks(const MarkedGroups& groups, Scope& scope) {
  std::size_t placed = 0;
  for (const auto& target : scope.targets) {
    scope.coverage.push_back(place_mark(groups, target));
    if (scope.coverage.back().covered) ++placed;
  }
  if (placed != 0) mark_execs_elsewhere(groups, scope);
  if (placed != 0) return {};
  if (scope.targets.empty()) return Error{"found no filesystem to record", {}, 0, {}};
  const auto& last = scope.coverage.back();
  return Error{"cannot record the " + last.fs_type + " filesystem of", last.path, 0,
               last.how + "; " + remedy(last)};
}

}  // namespace rfan::recorder
