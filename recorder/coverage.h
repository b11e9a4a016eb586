// `rfanrec --coverage`: the mounts that a recording would cover, and why it would not cover others.
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
  kPermission,        // opens wait for the recorder: counted exactly
  kNotificationOnly,  // notification events, which may merge
  kNotCovered,        // `how` has the reason
  kKernelInterface,   // no files of users: not counted as a gap
};

struct MountReport {
  format::MountCoverage coverage;
  MountState state = MountState::kNotCovered;
};

// Tries to mark the filesystem of a target and returns the outcome, as place_mark() does.
using MarkAttempt = std::function<format::MountCoverage(const MarkTarget&)>;

// Returns one entry per mount, in the order given. Calls `attempt` once for each filesystem, on a mount point
// that is not hidden; all mounts of the filesystem share the outcome. `holds`: the recording holds some
// events. `visible` returns whether a mount can be reached by its path; a hidden mount is covered only if its
// filesystem is also mounted elsewhere. Pure apart from the two functions.
std::vector<MountReport> report_coverage(const std::vector<Mount>& mounts, bool holds,
                                         const MarkAttempt& attempt,
                                         const std::function<bool(const Mount&)>& visible);

// Asks the kernel about the mounts that `paths` lie on, or about all mounts. Marks each filesystem for an
// instant for the events of `plan`, with notification events instead of permission events, so nobody waits
// and no reader is needed. Fails if a path does not exist or fanotify is unavailable (without privileges).
Result<std::vector<MountReport>> probe_coverage(const EventPlan& plan, const std::vector<std::string>& paths);

// Returns text for people: one line per mount, all kernel interfaces summed up in one line. Ends in a
// newline.
std::string coverage_text(const std::vector<MountReport>& report);

// Returns 0 if everything but the kernel's interfaces is covered, otherwise 3.
int coverage_exit_status(const std::vector<MountReport>& report);

// Runs `rfanrec --coverage`: prints the mounts that would be covered. Returns the exit status.
int print_coverage(const Options& options);

// Returns the coverage in the form of META.
std::vector<format::MountCoverage> mount_coverage(const std::vector<MountReport>& report);

}  // namespace rfan::recorder
