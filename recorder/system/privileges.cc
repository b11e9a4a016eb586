#include "recorder/system/privileges.h"

#include <fmt/format.h>
#include <sys/auxv.h>
#include <sys/capability.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <string>
#include <type_traits>

namespace rfan::recorder {

namespace {

// sys_admin: fanotify permission events and perf. dac_read_search and sys_ptrace: /proc/PID of other users.
// sys_nice and ipc_lock: a reader thread that is never late. net_admin: changes of users, before Linux 6.6.
constexpr const char* kCapabilities =
    "cap_sys_admin,cap_dac_read_search,cap_sys_ptrace,cap_sys_nice,cap_ipc_lock,cap_net_admin";

bool has_capability(cap_value_t capability) {
  const std::unique_ptr<std::remove_pointer_t<cap_t>, int (*)(void*)> mine(::cap_get_proc(), &::cap_free);
  cap_flag_value_t value = CAP_CLEAR;
  return mine && ::cap_get_flag(mine.get(), capability, CAP_EFFECTIVE, &value) == 0 && value == CAP_SET;
}

std::string own_path() {
  std::array<char, 4096> buffer;
  const ssize_t bytes = ::readlink("/proc/self/exe", buffer.data(), buffer.size());
  return bytes > 0 ? std::string(buffer.data(), static_cast<std::size_t>(bytes)) : "rfanrec";
}

}  // namespace

Status check_privileges() {
  if (has_capability(CAP_SYS_ADMIN)) return {};
  return Error{
      "recording needs the capability CAP_SYS_ADMIN",
      {},
      0,
      fmt::format("run it with sudo, or grant it once: sudo setcap {}+ep {}", kCapabilities, own_path())};
}

Status check_lent_privileges(bool denies, std::chrono::milliseconds max_stall) {
  constexpr std::chrono::seconds kMaxLentStall{5};
  const bool lent = ::getauxval(AT_SECURE) != 0 && ::getuid() != 0;
  if (!lent) return {};
  constexpr auto kHint = "run it as root (sudo)";
  if (denies)
    return Error{"--deny is not for those whom the program's own capabilities let record", {}, 0, kHint};
  if (max_stall > kMaxLentStall)
    return Error{
        "--max-stall above 5s is not for those whom the program's own capabilities let record", {}, 0, kHint};
  return {};
}

Result<std::int64_t> raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return errno_error("cannot read the limit of open files");
  limit.rlim_cur = limit.rlim_max;
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) return errno_error("cannot raise the limit of open files");
  return static_cast<std::int64_t>(limit.rlim_cur);
}

}  // namespace rfan::recorder
