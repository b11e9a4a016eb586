#include "recorder/mounts/own_mounts.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "format/base/unique_fd.h"
#include "recorder/kernel/file_status.h"
#include "tests/recorder/private_mounts.h"
#include "tests/support/scratch_directory.h"

namespace rfan::recorder {
namespace {

class OwnMountsTest : public PrivateMountsTest {
 protected:
  static UniqueFd open_here(const std::string& path) {
    return UniqueFd(::open(path.c_str(), O_PATH | O_CLOEXEC));
  }
  // Opens a mount that is in no namespace, like the layers of an overlay.
  static UniqueFd open_privately(const std::string& path) {
    return UniqueFd(static_cast<int>(
        ::syscall(SYS_open_tree, AT_FDCWD, path.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC)));
  }

  tests::ScratchDirectory scratch_;
};

TEST_F(OwnMountsTest, WhatWeOpenedIsOnAMountOfOurs) {
  auto mounts = OwnMounts::open();
  ASSERT_TRUE(mounts.ok());
  EXPECT_TRUE(mounts->has(status_of(open_here(scratch_.path()).get())->mount));
}

TEST_F(OwnMountsTest, APrivateMountIsNotOurs) {
  auto mounts = OwnMounts::open();
  ASSERT_TRUE(mounts.ok());
  const auto fd = open_privately(scratch_.path());
  if (!fd) GTEST_SKIP() << "KERNEL TEST SKIPPED: no open_tree";
  EXPECT_FALSE(mounts->has(status_of(fd.get())->mount));
}

TEST_F(OwnMountsTest, ANewMountIsOursAfterARefresh) {
  auto mounts = OwnMounts::open();
  ASSERT_TRUE(mounts.ok());
  const TestMount added("tmpfs", scratch_.path());
  const auto fd = open_here(scratch_.path());
  EXPECT_FALSE(mounts->has(status_of(fd.get())->mount));
  mounts->refresh();
  EXPECT_TRUE(mounts->has(status_of(fd.get())->mount));
}

}  // namespace
}  // namespace rfan::recorder
