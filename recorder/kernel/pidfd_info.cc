#include "recorder/kernel/pidfd_info.h"

#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "format/base/unique_fd.h"

namespace rfan::recorder {

namespace {

// struct pidfd_info as first published (PIDFD_INFO_SIZE_VER0) and its request, from
// include/uapi/linux/pidfd.h. Debian 12 has that header from an older kernel.
struct RawInfo {
  std::uint64_t mask;
  std::uint64_t cgroup_id;
  std::uint32_t pid, tgid, ppid;
  std::uint32_t ruid, rgid, euid, egid, suid, sgid, fsuid, fsgid;
  std::uint32_t spare;
};
static_assert(sizeof(RawInfo) == 64);
constexpr unsigned long kGetInfo = _IOWR(0xFF, 11, RawInfo);
constexpr std::uint64_t kCredentials = 1U << 1U;
constexpr std::uint64_t kCgroupId = 1U << 2U;

}  // namespace

std::optional<PidfdInfo> read_pidfd_info(std::uint32_t pid) {
  const UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  RawInfo info{};
  info.mask = kCredentials | kCgroupId;
  if (!process || ::ioctl(process.get(), kGetInfo, &info) != 0) return std::nullopt;
  if ((info.mask & kCredentials) == 0 || (info.mask & kCgroupId) == 0) return std::nullopt;
  return PidfdInfo{info.ruid, info.rgid, info.cgroup_id};
}

}  // namespace rfan::recorder
