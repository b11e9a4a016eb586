#include "format/model/own_files.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "tests/support/planted_entries.h"
#include "tests/support/scratch_directory.h"

namespace rfan::format {
namespace {

class OwnFilesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ::unsetenv("SUDO_UID");
    ::unsetenv("SUDO_GID");
    tests::make_sticky(scratch_.path());
    if (::geteuid() != 0) GTEST_SKIP() << "only root gives files away";
  }
  std::string file(const std::string& name) const { return scratch_.file(name); }

  tests::ScratchDirectory scratch_;
};

TEST_F(OwnFilesTest, NothingIsSaidAgainstAFileOfOurOwnOrNone) {
  EXPECT_EQ(objection_to_file(scratch_.write("mine", "x")), "");
  EXPECT_EQ(objection_to_file(file("none")), "");
}

TEST_F(OwnFilesTest, WhatIsNoOrdinaryFileIsNamedByItsKind) {
  EXPECT_EQ(objection_to_file(tests::plant_fifo(file("fifo"))), "it is a FIFO");
  EXPECT_EQ(objection_to_file(tests::plant_directory(file("directory"))), "it is a directory");
  EXPECT_EQ(objection_to_file(tests::plant_link(file("link"), scratch_.write("a", "x"))),
            "it is a symbolic link");
  EXPECT_EQ(objection_to_file(tests::plant_hard_link(file("hard"), file("a"))),
            "it has other names (hard links)");
  EXPECT_EQ(objection_to_file("/dev/null"), "it is a device");
}

TEST_F(OwnFilesTest, AFileOfSomebodyElseIsNotOurs) {
  const auto planted = tests::plant_file(file("planted"));
  EXPECT_EQ(objection_to_file(planted), "it belongs to user 65534");
  EXPECT_EQ(objection_to_owner(planted), "it belongs to user 65534");
}

TEST_F(OwnFilesTest, WhoCalledSudoAndWhoOwnsTheDirectoryAreNoStrangers) {
  const auto planted = tests::plant_file(file("planted"));
  ::setenv("SUDO_UID", "65534", 1);
  ::setenv("SUDO_GID", "65534", 1);
  EXPECT_EQ(objection_to_file(planted), "");
  ::unsetenv("SUDO_UID");
  tests::give_to_stranger(scratch_.path());
  EXPECT_EQ(objection_to_file(planted), "");
  EXPECT_FALSE(is_own_user(tests::kStranger));
}

TEST_F(OwnFilesTest, WhoIsNotRootCannotBeToldWhoCalledSudo) {
  const auto planted = tests::plant_file(file("planted"));
  ::setenv("SUDO_UID", "65534", 1);
  ::setenv("SUDO_GID", "65534", 1);
  ASSERT_EQ(::seteuid(12345), 0);
  const auto objection = objection_to_file(planted);
  ASSERT_EQ(::seteuid(0), 0);
  EXPECT_EQ(objection, "it belongs to user 65534");
}

}  // namespace
}  // namespace rfan::format
