#include "recorder/kernel/file_status.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "format/base/unique_fd.h"
#include "tests/support/scratch_directory.h"

namespace rfan::recorder {
namespace {

FileStatus status_at(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_PATH | O_CLOEXEC));
  const auto status = status_of(fd.get());
  EXPECT_TRUE(status);
  return status.value_or(FileStatus{});
}

TEST(FileStatus, AFileWithOneLinkHasOneName) {
  const tests::ScratchDirectory scratch;
  const auto file = scratch.write("a", "");
  const auto alone = status_at(file);
  EXPECT_TRUE(alone.has_one_name);
  std::filesystem::create_hard_link(file, scratch.file("b"));
  EXPECT_FALSE(status_at(file).has_one_name);
  std::filesystem::remove(scratch.file("b"));
  const auto again = status_at(file);
  EXPECT_TRUE(again.has_one_name);
  EXPECT_EQ(again.inode, alone.inode);
  EXPECT_GE(again.changed_ns, alone.changed_ns);
  EXPECT_NE(alone.changed_ns, 0U);
}

TEST(FileStatus, ADirectoryHasOneNameThoughItHasManyLinks) {
  const tests::ScratchDirectory scratch;
  std::filesystem::create_directory(scratch.file("inner"));
  EXPECT_TRUE(status_at(scratch.path()).has_one_name);
}

TEST(FileStatus, ADirectoryIsOneAlsoWhenItIsGone) {
  const tests::ScratchDirectory scratch;
  EXPECT_FALSE(status_at(scratch.write("a", "")).is_directory);
  std::filesystem::create_directory(scratch.file("d"));
  const UniqueFd fd(::open(scratch.file("d").c_str(), O_RDONLY | O_CLOEXEC));
  std::filesystem::remove(scratch.file("d"));
  EXPECT_TRUE(status_of(fd.get())->is_directory);
}

TEST(FileStatus, AnUnlinkedFileHasNoName) {
  const tests::ScratchDirectory scratch;
  const auto file = scratch.write("a", "");
  const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  std::filesystem::remove(file);
  EXPECT_FALSE(status_of(fd.get())->has_one_name);
}

TEST(FileStatus, WhatIsNoDescriptorHasNone) {
  EXPECT_FALSE(status_of(-1));
}

}  // namespace
}  // namespace rfan::recorder
