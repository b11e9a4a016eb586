#include "recorder/mounts/mount_watch.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <algorithm>
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
  static std::vector<Mount> look(MountWatch& watch) {
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
  EXPECT_EQ(found[0].path, scratch_.file("a"));
  EXPECT_EQ(found[0].fs_type, "tmpfs");
  EXPECT_FALSE(reports(watch));
  EXPECT_TRUE(look(watch).empty());
}

TEST_F(MountWatchTest, BindMountIsNew) {
  const TestMount first("tmpfs", directory("a"));
  auto watch = open();
  const TestMount second("", directory("b"), "", scratch_.file("a"));
  ASSERT_TRUE(reports(watch));
  const auto found = look(watch);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].path, scratch_.file("b"));
}

TEST_F(MountWatchTest, NewMountsComeInTheOrderOfAllMounts) {
  auto watch = open();
  const TestMount first("tmpfs", directory("a"));
  const TestMount second("", directory("b"), "", scratch_.file("a"));
  const auto found = look(watch);
  ASSERT_EQ(found.size(), 2U);
  const auto& all = watch.all_mounts();
  const auto has_id_of = [&](std::size_t i) {
    return [&, i](const Mount& mount) { return mount.id == found[i].id; };
  };
  EXPECT_LT(std::find_if(all.begin(), all.end(), has_id_of(0)),
            std::find_if(all.begin(), all.end(), has_id_of(1)));
}

TEST_F(MountWatchTest, UnmountingIsAChangeThatBringsNothingNew) {
  TestMount mount("tmpfs", directory("a"));
  auto watch = open();
  mount.end();
  EXPECT_TRUE(reports(watch));
  EXPECT_TRUE(look(watch).empty());
}

TEST_F(MountWatchTest, WhatCameAndWentLeavesOneWordOfItself) {
  auto watch = open();
  TestMount mount("tmpfs", directory("a"));
  mount.end();
  EXPECT_TRUE(watch.has_changed());
  EXPECT_TRUE(look(watch).empty());
  EXPECT_TRUE(watch.came_and_went());
  const TestMount stays("tmpfs", directory("a"));
  EXPECT_TRUE(watch.has_changed());
  EXPECT_FALSE(look(watch).empty());
  EXPECT_FALSE(watch.came_and_went());
  EXPECT_FALSE(watch.has_changed());
}

// The kernel gives the second mount the id of the first.
TEST_F(MountWatchTest, MountThatTookTheIdOfAnUnmountedOneIsNew) {
  TestMount first("tmpfs", directory("a"));
  auto watch = open();
  first.end();
  const TestMount second("tmpfs", directory("b"));
  const auto found = look(watch);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].path, scratch_.file("b"));
}

TEST_F(MountWatchTest, MountedAgainAfterALookIsNew) {
  TestMount first("tmpfs", directory("a"));
  auto watch = open();
  first.end();
  look(watch);
  const TestMount second("tmpfs", scratch_.file("a"));
  const auto found = look(watch);
  EXPECT_EQ(found.size(), 1U);
}

}  // namespace
}  // namespace rfan::recorder
