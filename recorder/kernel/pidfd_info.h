// Facts about a process that the kernel gives without /proc.
#pragma once

#include <cstdint>
#include <optional>

namespace rfan::recorder {

struct PidfdInfo {
  std::uint32_t uid;  // real, as in /proc/PID/status
  std::uint32_t gid;
  std::uint64_t cgroup_id;  // in the unified hierarchy (v2)
};

// Takes 5 us, a tenth of the same through /proc. Returns nothing if the process is gone or the kernel does
// not support PIDFD_GET_INFO (before Linux 6.13). Any thread.
std::optional<PidfdInfo> read_pidfd_info(std::uint32_t pid);

}  // namespace rfan::recorder
