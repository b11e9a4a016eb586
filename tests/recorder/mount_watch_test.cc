#include "recorder/mount_watch.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <filesystem>

#include "tests/recorder/private_mounts.h"
#include "tests/support/scratch_directory.h"

namespace rfan::recorder {
namespace {

class MountWatchTest : public PrivateMountsTest {
 protected:
  static MountWatch open() {
    auto watch = MountWatch::open();
    EXPECT_TRUE(watch.ok());
    return std::move(*watch);
  }
  std::string directory(const std::string& name) {
    std::filesystem::create_directories(scratch_.file(name));
    return scratch_.file(name);
  }
  static bool reports(const MountWatch& watch, int timeout_ms = 0) {
    pollfd waiting{watch.fd(), MountWatch::kPollEvents, 0};
    return ::poll(&waiting, 1, timeout_ms) == 1;
  }
  static std::vector<NewMount> look(MountWatch& watch) {
    auto found = watch.look();
    EXPECT_TRUE(found.ok());
    return *found;
  }

  tests::ScratchDirectory scratch_;
};

TEST_F(MountWatchTest, WhatWasMountedBeforeIsKnown) {
  const TestMount mount("tmpfs", directory("a"));
  auto watch = open();
  EXPECT_FALSE(reports(watch));
  EXPECT_TRUE(look(watch).empty());
  EXPECT_FALSE(watch.all_mounts().empty());
}

TEST_F(MountWatchTest, NewFilesystemIsReportedOnce) {
  auto watch = open();
  const TestMount mount("tmpfs", directory("a"));
  ASSERT_TRUE(reports(watch));
  const auto found = look(watch);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].mount.path, scratch_.file("a"));
  EXPECT_EQ(found[0].mount.fs_type, "tmpfs");
  EXPECT_TRUE(found[0].new_filesystem);
  EXPECT_FALSE(reports(watch));
  EXPECT_TRUE(look(watch).empty());
}

TEST_F(MountWatchTest, BindMountIsNewButItsFilesystemIsNot) {
  const TestMount first("tmpfs", directory("a"));
  auto watch = open();
  const TestMount second("", directory("b"), "", scratch_.file("a"));
  ASSERT_TRUE(reports(watch));
  const auto found = look(watch);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].mount.path, scratch_.file("b"));
  EXPECT_FALSE(found[0].new_filesystem);
}

TEST_F(MountWatchTest, OfTwoNewMountsOfOneFilesystemTheFirstNeedsTheMark) {
  auto watch = open();
  const TestMount first("tmpfs", directory("a"));
  const TestMount second("", directory("b"), "", scratch_.file("a"));
  const auto found = look(watch);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_TRUE(found[0].new_filesystem);
  EXPECT_FALSE(found[1].new_filesystem);
}

TEST_F(MountWatchTest, UnmountingIsAChangeThatBringsNothingNew) {
  TestMount mount("tmpfs", directory("a"));
  auto watch = open();
  mount.end();
  EXPECT_TRUE(reports(watch));
  EXPECT_TRUE(look(watch).empty());
}

// The kernel gives the id of the first mount to the second.
TEST_F(MountWatchTest, MountThatTookTheIdOfAnUnmountedOneIsNew) {
  TestMount first("tmpfs", directory("a"));
  auto watch = open();
  first.end();
  const TestMount second("tmpfs", directory("b"));
  const auto found = look(watch);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].mount.path, scratch_.file("b"));
}

TEST_F(MountWatchTest, MountedAgainAfterALookIsANewFilesystem) {
  TestMount first("tmpfs", directory("a"));
  auto watch = open();
  first.end();
  look(watch);
  const TestMount second("tmpfs", scratch_.file("a"));
  const auto found = look(watch);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_TRUE(found[0].new_filesystem);
}

}  // namespace
}  // namespace rfan::recorder
