#include "recorder/names/repeated_files.h"

#include <gtest/gtest.h>
#include <sys/fanotify.h>

#include <string>

namespace rfan::recorder {
namespace {

constexpr std::uint64_t kSecondNs = 1'000'000'000;
constexpr std::uint64_t kBeginNs = 100 * kSecondNs;

KernelEvent open_by(std::uint32_t pid) {
  return {.mask = FAN_OPEN_PERM, .fd = 5, .pid = pid};
}
KernelEvent close_by(std::uint32_t pid) {
  return {.mask = FAN_CLOSE_NOWRITE, .fd = 6, .pid = pid};
}

class RepeatedFilesTest : public ::testing::Test {
 protected:
  RepeatedFilesTest() { files_.begin_arena(kBeginNs); }
  std::string find(const KernelEvent& event, const FileStatus& file) {
    return std::string(files_.find(event, file).value_or("unknown"));
  }

  const FileStatus file_{.mount = 1, .device = 2, .inode = 3, .has_one_name = true, .changed_ns = kSecondNs};
  RepeatedFiles files_;
};

TEST_F(RepeatedFilesTest, TheNextOpenHasThePathOfTheFirst) {
  EXPECT_EQ(find(open_by(1), file_), "unknown");
  files_.learn(open_by(1), file_, "/a");
  EXPECT_EQ(find(open_by(1), file_), "/a");
  EXPECT_EQ(find(open_by(2), file_), "/a");
}

TEST_F(RepeatedFilesTest, AnotherFileOrMountHasAnotherPath) {
  files_.learn(open_by(1), file_, "/a");
  for (auto member : {&FileStatus::mount, &FileStatus::device, &FileStatus::inode}) {
    auto other = file_;
    other.*member = 9;
    EXPECT_EQ(find(open_by(1), other), "unknown");
    files_.learn(open_by(1), other, "/other");
    EXPECT_EQ(find(open_by(1), other), "/other");
  }
  EXPECT_EQ(find(open_by(1), file_), "/a");
}

TEST_F(RepeatedFilesTest, OnlyWhoOpenedByAPathClosesByIt) {
  files_.learn(open_by(1), file_, "/a");
  EXPECT_EQ(find(close_by(1), file_), "/a");
  EXPECT_EQ(find(close_by(2), file_), "unknown");
  EXPECT_EQ(find(open_by(2), file_), "/a");
  EXPECT_EQ(find(close_by(2), file_), "/a");
}

TEST_F(RepeatedFilesTest, ACloseTeachesNothing) {
  files_.learn(close_by(1), file_, "/a");
  EXPECT_EQ(find(open_by(1), file_), "unknown");
  EXPECT_EQ(find(close_by(1), file_), "unknown");
}

TEST_F(RepeatedFilesTest, WhatMayHaveAnotherNameIsLookedUp) {
  auto linked = file_;
  linked.has_one_name = false;
  auto changed = file_;
  changed.changed_ns = kBeginNs - kSecondNs / 2;
  auto unknown_mount = file_;
  unknown_mount.mount = 0;
  for (const auto& file : {linked, changed, unknown_mount}) {
    files_.learn(open_by(1), file, "/a");
    EXPECT_EQ(find(open_by(1), file), "unknown");
  }
}

TEST_F(RepeatedFilesTest, TheNextArenaBeginsAnew) {
  files_.learn(open_by(1), file_, "/a");
  files_.begin_arena(kBeginNs);
  EXPECT_EQ(find(open_by(1), file_), "unknown");
}

}  // namespace
}  // namespace rfan::recorder
