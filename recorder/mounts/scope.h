// The filesystems that a recording marks, and the reasons why it does not mark others.
#pragma once

#include <string>
#include <vector>

#include "format/base/error.h"
#include "format/model/trace_info.h"
#include "recorder/kernel/event_plan.h"
#include "recorder/kernel/fanotify_group.h"
#include "recorder/mounts/mounts.h"

namespace rfan::recorder {

// A filesystem to mark. There is one entry for each superblock.
struct MarkTarget {
  // Where to place the mark: a path on the filesystem.
  std::string path;
  std::string fs_type;
  std::uint64_t mount_id = 0;  // mount of `path`; 0: unknown
  std::string mount_point{};
};

struct Scope {
  std::vector<MarkTarget> targets;
  std::vector<format::MountCoverage> coverage;  // mounts that are not targets; place_marks() adds the targets
};

// Returns the filesystems that `paths` lie on. Fails if a path does not exist or lies on a kernel interface.
Result<Scope> scope_of_paths(const std::vector<std::string>& paths);

// Returns the filesystems of all these mounts. Lists the kernel's interfaces as not covered.
Scope scope_of(const std::vector<Mount>& mounts);

// The groups of a recording and the events to request from each. A group that is not needed is null.
struct MarkedGroups {
  FanotifyGroup* permissions = nullptr;
  FanotifyGroup* notifications = nullptr;
  EventPlan plan;
};

// Marks one filesystem and returns the resulting coverage. Where permission events are not safe, it requests
// notification events instead, which the kernel may merge. From the first mark on, opens wait for the reader
// thread, so it must be running.
format::MountCoverage place_mark(const MarkedGroups& groups, const MarkTarget& target);

// Marks a mount that appeared later. Leaves the kernel's interfaces unmarked.
format::MountCoverage place_mark(const MarkedGroups& groups, const Mount& mount);

// Returns whether the filesystem of the mount is marked and has not been unmounted since.
bool is_marked(const MarkedGroups& groups, const Mount& mount);

// Calls place_mark() for all targets. Fails if no target could be marked.
Status place_marks(const MarkedGroups& groups, Scope& scope);

}  // namespace rfan::recorder
