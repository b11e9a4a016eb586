// The filesystems mounted here, and those of them that can have permission events.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "format/base/error.h"
#include "format/model/kernel_interfaces.h"

namespace rfan::recorder {

// One line of /proc/self/mountinfo (proc_pid_mountinfo(5)).
struct Mount {
  std::string path;  // mount point, unescaped
  std::string fs_type;
  std::string device;    // "major:minor" of the superblock
  std::uint64_t id = 0;  // unique among the mounts that exist now, as in statx(2)
};

Result<std::vector<Mount>> read_mounts();
// The text of /proc/self/mountinfo.
Result<std::string> read_mountinfo();
// Skips lines that do not have the documented form. Pure.
std::vector<Mount> parse_mountinfo(std::string_view text);

// Returns the mount that `path` lies on. Finds it by mount id, or, on kernels that do not report the id, by
// the longest mount point above the real path.
Result<Mount> mount_of(const std::string& path, const std::vector<Mount>& mounts);

// Returns the id of the mount that `path` lies on, as in Mount::id, or 0 if it is unknown (kernels before
// 5.8).
std::uint64_t mount_id(const std::string& path);

// Returns whether permission events on this filesystem are safe. They are if opening a file there opens no
// other watched file, because the reader opens every event's descriptor itself. On overlay and FUSE that open
// goes on to another filesystem or to a daemon, and the reader can wait for itself for ever (measured: with
// FUSE even SIGKILL does not end it).
bool can_have_permission_events(std::string_view fs_type);

using format::is_kernel_interface;

// Returns the reason, for the coverage report and error messages. Precondition:
// !can_have_permission_events(fs_type).
std::string why_no_permission_events(std::string_view fs_type);

}  // namespace rfan::recorder
