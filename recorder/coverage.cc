#include "recorder/coverage.h"

#include <fmt/format.h>
#include <sys/fanotify.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "format/base/escape.h"
#include "recorder/mounts/event_groups.h"
#include "recorder/system/messages.h"
#include "recorder/system/privileges.h"

namespace rfan::recorder {

using format::MountCoverage;

namespace {

std::string_view state_name(MountState state) {
  switch (state) {
    case MountState::kPermission:
      return "held";
    case MountState::kNotificationOnly:
      return "told only";
    default:
      return "not covered";
  }
}

MountReport judge(MountCoverage coverage, bool holds) {
  auto state = MountState::kNotCovered;
  if (coverage.covered)
    state = holds && can_have_permission_events(coverage.fs_type) ? MountState::kPermission
                                                                  : MountState::kNotificationOnly;
  return {std::move(coverage), state};
}

// Replaces the plan's permission events by a notification event. The kernel's answer to a mark is the same,
// because filesystems without permission events (proc) are never marked.
EventPlan without_waiting(EventPlan plan) {
  if (plan.permission != 0) plan.permission = FAN_OPEN_EXEC;
  return plan;
}

Result<std::vector<Mount>> mounts_of(const std::vector<std::string>& paths, const std::vector<Mount>& all) {
  std::vector<Mount> found;
  std::set<std::uint64_t> ids;
  for (const auto& path : paths) {
    auto mount = mount_of(path, all);
    if (!mount) return mount.error();
    if (ids.insert(mount->id).second) found.push_back(std::move(*mount));
  }
  return found;
}

// Creates the groups. Goes without the notification group if the kernel refuses it and the plan does not need
// it.
Result<EventGroups> groups_of_probe(const EventPlan& plan) {
  auto groups = EventGroups::create(plan, {}, true);
  return groups || !plan.can_do_without_notifications() || plan.permission == 0
             ? std::move(groups)
             : EventGroups::create(plan, {}, false);
}

}  // namespace

std::vector<MountReport> report_coverage(const std::vector<Mount>& mounts, bool holds,
                                         const MarkAttempt& attempt,
                                         const std::function<bool(const Mount&)>& visible) {
  std::map<std::string_view, MountReport> of_device;
  for (const auto& mount : mounts) {
    if (is_kernel_interface(mount.fs_type) || of_device.contains(mount.device) || !visible(mount)) continue;
    of_device.emplace(mount.device, judge(attempt({mount.path, mount.fs_type, mount.id, mount.path}), holds));
  }
  std::vector<MountReport> report;
  for (const auto& mount : mounts) {
    MountReport entry{{mount.path, mount.fs_type, false, {}}, MountState::kNotCovered};
    if (is_kernel_interface(mount.fs_type)) {
      entry.coverage.how = why_no_permission_events(mount.fs_type);
      entry.state = MountState::kKernelInterface;
    } else if (const auto found = of_device.find(mount.device); found != of_device.end()) {
      entry = found->second;
      entry.coverage.path = mount.path;
    } else {
      entry.coverage.how =
          "cannot be reached by its path: another mount lies over it, or the directory is gone";
    }
    report.push_back(std::move(entry));
  }
  return report;
}

Result<std::vector<MountReport>> probe_coverage(const EventPlan& plan,
                                                const std::vector<std::string>& paths) {
  const auto all = read_mounts();
  if (!all) return all.error();
  auto mounts = paths.empty() ? all : mounts_of(paths, all.value());
  if (!mounts) return mounts.error();
  auto groups = groups_of_probe(without_waiting(plan));
  if (!groups) return groups.error();
  // Remove the marks at once. Events queued meanwhile disappear with the groups.
  const auto attempt = [&](const MarkTarget& target) {
    auto coverage = place_mark(groups->marked(), target);
    groups->remove_marks();
    return coverage;
  };
  const auto visible = [&](const Mount& mount) {
    const auto reached = mount_of(mount.path, all.value());
    return reached.ok() && reached.value().id == mount.id;
  };
  auto report = report_coverage(*mounts, plan.permission != 0, attempt, visible);
  groups->close();
  return report;
}

std::string coverage_text(const std::vector<MountReport>& report) {
  std::vector<std::string> paths, types;
  std::size_t path_width = 0, type_width = 0;
  for (const auto& entry : report) {
    paths.push_back(escaped(entry.coverage.path));
    types.push_back(escaped(entry.coverage.fs_type));
    if (entry.state == MountState::kKernelInterface) continue;
    path_width = std::max(path_width, paths.back().size());
    type_width = std::max(type_width, types.back().size());
  }
  std::string text;
  for (std::size_t i = 0; i < report.size(); ++i) {
    const auto& [coverage, state] = report[i];
    if (state == MountState::kKernelInterface) continue;
    fmt::format_to(std::back_inserter(text), "{:<{}}  {:<{}}  {:<11}  {}\n", paths[i], path_width, types[i],
                   type_width, state_name(state), escaped_sentence(coverage.how));
  }
  const auto interfaces = format::kernel_interfaces_text(mount_coverage(report));
  if (!interfaces.empty()) text += interfaces + "\n";
  return text;
}

int coverage_exit_status(const std::vector<MountReport>& report) {
  const auto gap = [](const MountReport& entry) { return entry.state == MountState::kNotCovered; };
  return std::any_of(report.begin(), report.end(), gap) ? 3 : 0;
}

std::vector<MountCoverage> mount_coverage(const std::vector<MountReport>& report) {
  std::vector<MountCoverage> mounts;
  for (const auto& entry : report) mounts.push_back(entry.coverage);
  return mounts;
}

int print_coverage(const Options& options) {
  auto status = check_privileges();
  if (status) {
    const auto report = probe_coverage(plan_events(options.hold, options.event_kinds), options.paths);
    if (report) {
      return print(coverage_text(report.value())) ? coverage_exit_status(report.value()) : 1;
    }
    status = report.error();
  }
  say(status.error().message());
  return 1;
}

}  // namespace rfan::recorder
