#include "format/model/kernel_interfaces.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <vector>

namespace rfan::format {
namespace {

constexpr std::array<std::string_view, 22> kTypes{
    "autofs", "binder",   "binfmt_misc", "bpf",       "cgroup", "cgroup2", "configfs", "debugfs",
    "devpts", "efivarfs", "fusectl",     "hugetlbfs", "mqueue", "nsfs",    "proc",     "pstore",
    "ramfs",  "resctrl",  "securityfs",  "selinuxfs", "sysfs",  "tracefs"};

}  // namespace

bool is_kernel_interface(std::string_view fs_type) {
  return std::find(kTypes.begin(), kTypes.end(), fs_type) != kTypes.end();
}

std::string kernel_interfaces_text(std::span<const MountCoverage> mounts) {
  constexpr std::size_t kNamed = 3;
  std::size_t count = 0;
  std::vector<std::string_view> types;
  for (const auto& mount : mounts) {
    if (mount.covered || !is_kernel_interface(mount.fs_type)) continue;
    ++count;
    if (std::find(types.begin(), types.end(), mount.fs_type) == types.end()) types.push_back(mount.fs_type);
  }
  if (count == 0) return {};
  const bool more = types.size() > kNamed;
  types.resize(std::min(types.size(), kNamed));
  return fmt::format("{} kernel interface{} ({}{}): no files of users", count, count == 1 ? "" : "s",
                     fmt::join(types, ", "), more ? ", ..." : "");
}

}  // namespace rfan::format
