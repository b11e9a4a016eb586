#include "recorder/mounts/mounts.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "tests/support/scratch_directory.h"

namespace rfan::recorder {
namespace {

TEST(ParseMountinfo, TakesPointTypeAndDevice) {
  const auto mounts =
      parse_mountinfo("36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue\n");
  ASSERT_EQ(mounts.size(), 1U);
  EXPECT_EQ(mounts[0].path, "/mnt2");
  EXPECT_EQ(mounts[0].fs_type, "ext3");
  EXPECT_EQ(mounts[0].device, "98:0");
}

TEST(ParseMountinfo, AnyNumberOfOptionalFieldsMayStandBeforeTheDash) {
  const auto mounts = parse_mountinfo(
      "1 0 0:1 / / rw - ext4 /dev/a rw\n"
      "2 1 0:2 / /b rw shared:5 master:1 propagate_from:2 unbindable - xfs /dev/b rw\n");
  ASSERT_EQ(mounts.size(), 2U);
  EXPECT_EQ(mounts[0].fs_type, "ext4");
  EXPECT_EQ(mounts[1].fs_type, "xfs");
  EXPECT_EQ(mounts[1].path, "/b");
}

TEST(ParseMountinfo, OctalEscapesAreBytesAgain) {
  const auto mounts = parse_mountinfo("1 0 0:1 / /a\\040b\\011c\\012d\\134e\\303\\274 rw - tmpfs none rw\n");
  ASSERT_EQ(mounts.size(), 1U);
  EXPECT_EQ(mounts[0].path, "/a b\tc\nd\\e\xc3\xbc");
}

TEST(ParseMountinfo, BackslashWithoutThreeOctalDigitsStandsForItself) {
  const auto mounts =
      parse_mountinfo("1 0 0:1 / /a\\04 rw - tmpfs none rw\n2 1 0:2 / /b\\089 rw - tmpfs none rw\n");
  ASSERT_EQ(mounts.size(), 2U);
  EXPECT_EQ(mounts[0].path, "/a\\04");
  EXPECT_EQ(mounts[1].path, "/b\\089");
}

// The kernel escapes only space, tab, newline and backslash.
TEST(ParseMountinfo, OtherWhiteSpaceBelongsToThePath) {
  const auto mounts = parse_mountinfo("1 0 0:1 / /a\rb\vc\fd rw - tmpfs none rw\n");
  ASSERT_EQ(mounts.size(), 1U);
  EXPECT_EQ(mounts[0].path, "/a\rb\vc\fd");
  EXPECT_EQ(mounts[0].fs_type, "tmpfs");
}

TEST(ParseMountinfo, LinesOfAnotherFormArePassedOver) {
  const auto mounts = parse_mountinfo(
      "\n"
      "garbage\n"
      "1 0 0:1 / /no-dash rw shared:1 ext4 /dev/a rw\n"
      "2 1 0:2 / /nothing-behind-the-dash rw shared:1 -\n"
      "3 1 0:3 / /good rw - ext4 /dev/a rw");
  ASSERT_EQ(mounts.size(), 1U);
  EXPECT_EQ(mounts[0].path, "/good");
}

TEST(ReadMounts, FindsTheRoot) {
  const auto mounts = read_mounts();
  ASSERT_TRUE(mounts.ok());
  const auto root = mount_of("/", mounts.value());
  ASSERT_TRUE(root.ok());
  EXPECT_EQ(root.value().path, "/");
}

TEST(ReadMounts, KnowsThatProcIsProc) {
  const auto mounts = read_mounts();
  ASSERT_TRUE(mounts.ok());
  const auto mount = mount_of("/proc/self/status", mounts.value());
  ASSERT_TRUE(mount.ok());
  EXPECT_EQ(mount.value().path, "/proc");
  EXPECT_EQ(mount.value().fs_type, "proc");
}

class MountOfTest : public ::testing::Test {
 protected:
  // Makes each name a mount point below the scratch directory, with a type of the same name.
  void mounts_at(const std::vector<std::string>& names) {
    mounts_ = {{"/", "root", "0:1"}};
    for (const auto& name : names) mounts_.push_back({scratch_.file(name), name, "0:2"});
  }
  std::string type_at(const std::string& path) {
    const auto mount = mount_of(path, mounts_);
    EXPECT_TRUE(mount.ok()) << path;
    return mount.ok() ? mount.value().fs_type : "";
  }
  std::string directory(const std::string& name) {
    std::filesystem::create_directories(scratch_.file(name));
    return scratch_.file(name);
  }

  tests::ScratchDirectory scratch_;
  std::vector<Mount> mounts_;
};

TEST_F(MountOfTest, PicksTheLongestMountPointAboveThePath) {
  mounts_at({"a", "a/b"});
  EXPECT_EQ(type_at(directory("a/b/c")), "a/b");
  EXPECT_EQ(type_at(directory("a/b")), "a/b");
  EXPECT_EQ(type_at(directory("a/c")), "a");
  EXPECT_EQ(type_at(scratch_.path()), "root");
}

TEST_F(MountOfTest, NameThatOnlyBeginsAlikeIsElsewhere) {
  mounts_at({"a"});
  EXPECT_EQ(type_at(directory("ab")), "root");
}

TEST_F(MountOfTest, OfTwoMountsOnOnePointTheLaterOneIsSeen) {
  mounts_at({"a"});
  mounts_.push_back({scratch_.file("a"), "later", "0:3"});
  EXPECT_EQ(type_at(directory("a/b")), "later");
}

TEST_F(MountOfTest, FollowsSymbolicLinks) {
  mounts_at({"a"});
  directory("a/b");
  std::filesystem::create_symlink(scratch_.file("a/b"), scratch_.file("link"));
  EXPECT_EQ(type_at(scratch_.file("link")), "a");
}

TEST_F(MountOfTest, PathThatDoesNotExistIsAnErrorThatNamesIt) {
  const auto mount = mount_of(scratch_.file("nothing"), {{"/", "root", "0:1"}});
  ASSERT_FALSE(mount.ok());
  EXPECT_EQ(mount.error().errno_value, ENOENT);
  EXPECT_NE(mount.error().message().find(scratch_.file("nothing")), std::string::npos);
}

TEST(CanHold, LocalFilesystemsCanBeHeld) {
  for (const auto* type : {"ext4", "xfs", "btrfs", "tmpfs"})
    EXPECT_TRUE(can_have_permission_events(type)) << type;
}

TEST(CanHold, WhatCanDeadlockOrIsUnknownIsNotHeld) {
  for (const auto* type : {"overlay", "fuse", "fuse.sshfs", "fuseblk", "nfs4", "cifs", "9p", "ecryptfs",
                           "proc", "ext", "ext44", "newfs", ""}) {
    EXPECT_FALSE(can_have_permission_events(type)) << type;
  }
}

TEST(CanHold, ReasonNamesTheCause) {
  EXPECT_NE(why_no_permission_events("overlay").find("overlay"), std::string::npos);
  EXPECT_NE(why_no_permission_events("fuse.sshfs").find("FUSE"), std::string::npos);
  EXPECT_NE(why_no_permission_events("proc").find("kernel"), std::string::npos);
  EXPECT_NE(why_no_permission_events("newfs").find("list"), std::string::npos);
}

}  // namespace
}  // namespace rfan::recorder
