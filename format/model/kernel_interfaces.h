// Recognises filesystems that show the kernel and store no files of users, such as /proc and /sys.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "format/model/trace_info.h"

namespace rfan::format {

// Returns true for the type of such a filesystem, as /proc/self/mountinfo spells it. They are never recorded,
// and do not count as a gap.
bool is_kernel_interface(std::string_view fs_type);

// Returns "17 kernel interfaces (proc, sysfs, devpts, ...): no files of users" for those among `mounts` that
// are not covered, or an empty string if there is none.
std::string kernel_interfaces_text(std::span<const MountCoverage> mounts);

}  // namespace rfan::format
