#include "format/model/kernel_interfaces.h"

#include <gtest/gtest.h>

#include <vector>

namespace rfan::format {
namespace {

TEST(KernelInterfaces, StoresOfFilesAreNone) {
  for (const auto* type : {"ext4", "tmpfs", "devtmpfs", "overlay", "fuse", "nfs4", "", "pro", "procfs"})
    EXPECT_FALSE(is_kernel_interface(type)) << type;
  for (const auto* type : {"proc", "sysfs", "cgroup2", "devpts"})
    EXPECT_TRUE(is_kernel_interface(type)) << type;
}

TEST(KernelInterfaces, AreCountedAndTheirFirstTypesNamedOnce) {
  std::vector<MountCoverage> mounts{{"/", "ext4", true, {}}, {"/proc", "proc", false, {}}};
  EXPECT_EQ(kernel_interfaces_text(mounts), "1 kernel interface (proc): no files of users");
  mounts.push_back({"/sys", "sysfs", false, {}});
  mounts.push_back({"/jail/proc", "proc", false, {}});
  mounts.push_back({"/dev/pts", "devpts", false, {}});
  EXPECT_EQ(kernel_interfaces_text(mounts), "4 kernel interfaces (proc, sysfs, devpts): no files of users");
  mounts.push_back({"/sys/fs/bpf", "bpf", false, {}});
  EXPECT_EQ(kernel_interfaces_text(mounts),
            "5 kernel interfaces (proc, sysfs, devpts, ...): no files of users");
}

TEST(KernelInterfaces, NothingIsSaidWhereThereAreNone) {
  EXPECT_EQ(kernel_interfaces_text({}), "");
  const std::vector<MountCoverage> mounts{{"/mnt", "fuse", false, "refused"}};
  EXPECT_EQ(kernel_interfaces_text(mounts), "");
}

}  // namespace
}  // namespace rfan::format
