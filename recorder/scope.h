// What a recording covers: which filesystems are marked, which are not, and why.
#pragma once

#include <string>
#include <vector>

#include "format/error.h"
#include "format/trace_info.h"
#include "recorder/fanotify_group.h"

namespace rfan::recorder {

// A filesystem to be marked, one entry for each superblock.
struct MarkTarget {
  std::string path;  // a path on it: where the mark is placed
  std::string fs_type;
};

struct Scope {
  std::vector<MarkTarget> targets;
  std::vector<format::MountCoverage> coverage;  // of mounts left out; place_marks() adds the rest
};

// The filesystems that `paths` lie on. An error when a path does not exist or cannot be held.
Result<Scope> scope_of_paths(const std::vector<std::string>& paths);

// Every mounted filesystem that can be held; the others are listed with the reason.
Result<Scope> scope_of_everything();

// Marks all targets, by filesystem and where the kernel refuses that, by mount, and enters each into the
// coverage. From the first mark on opens wait for the reader thread: it must be running. An error when
// nothing could be marked.
Status place_marks(FanotifyGroup& group, Scope& scope);

}  // namespace rfan::recorder
