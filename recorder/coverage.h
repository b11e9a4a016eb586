// `rfanrec --coverage`: which mounts a recording would cover, and why not the others.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "format/base/error.h"
#include "format/model/kernel_interfaces.h"
#include "format/model/trace_info.h"
#include "recorder/kernel/event_plan.h"
#include "recorder/mounts/mounts.h"
#include "recorder/mounts/scope.h"
#include "recorder/options.h"

namespace rfan::recorder {

enum class MountState : std::uint8_t {
  kHeld,             // opens wait for the recorder: counted exactly
  kToldOnly,         // notification events, which may merge
  kNotCovered,       // `how` says why
  kKernelInterface,  // no files of users: not counted as a gap
};

struct MountReport {
  format::MountCoverage coverage;
  MountState state = MountState::kNotCovered;
};

// Tries to mark the filesystem of a target and says what came of it, as place_mark() does.
using MarkAttempt = std::function<format::MountCoverage(const MarkTarget&)>;

// One entry per mount, in the order given. `attempt` is called once for each filesystem, on a mount point
// that is not hidden; all mounts of the filesystem share the outcome. `holds`: whether the recording holds
// anything. `visible` says whether a mount can be reached by its path; another one is covered only where its
// filesystem is mounted elsewhere too. Pure but for the two functions.
std::vector<MountReport> report_coverage(const std::vector<Mount>& mounts, bool holds,
                                         const MarkAttempt& attempt,
                                         const std::function<bool(const Mount&)>& visible);

// Asks the kernel about the mounts that `paths` lie on, or about all: marks each filesystem for an instant,
// for the events of `plan`, but with notification where it says permission, so that nobody waits and no
// reader is needed. An error when a path does not exist or fanotify is not to be had (without privileges).
Result<std::vector<MountReport>> probe_coverage(const EventPlan& plan, const std::vector<std::string>& paths);

// For people: a line per mount, the kernel's interfaces summed up in one; ends in a newline.
std::string coverage_text(const std::vector<MountReport>& report);

// 0: everything but the kernel's interfaces is covered; 3: something is not.
int coverage_exit_status(const std::vector<MountReport>& report);

// `rfanrec --coverage`: prints which mounts would be covered. Returns the exit status.
int print_coverage(const Options& options);

// For META.
std::vector<format::MountCoverage> mount_coverage(const std::vector<MountReport>& report);

}  // namespace rfan::recorder
