// Filesystems that show the kernel and store no files of users: /proc, /sys and their like.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "format/model/trace_info.h"

namespace rfan::format {

// By the type as in /proc/self/mountinfo. They are never recorded and not counted as a gap.
bool is_kernel_interface(std::string_view fs_type);

// "17 kernel interfaces (proc, sysfs, devpts, ...): no files of users" for those among `mounts`; empty when
// there is none.
std::string kernel_interfaces_text(std::span<const MountCoverage> mounts);

}  // namespace rfan::format
