// What a recording covers: which filesystems are marked, which are not, and why.
#pragma once

#include <string>
#include <vector>

#include "format/base/error.h"
#include "format/model/trace_info.h"
#include "recorder/kernel/event_plan.h"
#include "recorder/kernel/fanotify_group.h"
#include "recorder/mounts/mounts.h"

namespace rfan::recorder {

// A filesystem to be marked, one entry for each superblock.
struct MarkTarget {
  std::string path;  // a path on it: where the mark is placed
  std::string fs_type;
  std::uint64_t mount_id = 0;  // of that path; 0: not known
  std::string mount_point{};
};

struct Scope {
  std::vector<MarkTarget> targets;
  std::vector<format::MountCoverage> coverage;  // of mounts left out; place_marks() adds the rest
};

// The filesystems that `paths` lie on. An error when a path does not exist.
Result<Scope> scope_of_paths(const std::vector<std::string>& paths);

// The filesystems of all these mounts but the kernel's interfaces, which are listed as not covered.
Scope scope_of(const std::vector<Mount>& mounts);

// The groups of a recording and what is asked of each; a group that is not needed is null.
struct MarkedGroups {
  FanotifyGroup* held = nullptr;
  FanotifyGroup* told = nullptr;
  EventPlan plan;
};

// Marks one filesystem and says what is covered thereby. Where opens cannot be held safely, they are told
// instead (they may merge). From the first mark on opens wait for the reader thread: it must be running.
format::MountCoverage place_mark(const MarkedGroups& groups, const MarkTarget& target);

// place_mark() for a mount that appeared later; the kernel's interfaces stay unmarked.
format::MountCoverage place_mark(const MarkedGroups& groups, const Mount& mount);

// Whether the filesystem of the mount has been marked, and not been unmounted since.
bool is_marked(const MarkedGroups& groups, const Mount& mount);

// place_mark() for all targets. An error when nothing could be marked.
Status place_marks(const MarkedGroups& groups, Scope& scope);

}  // namespace rfan::recorder
