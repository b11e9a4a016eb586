#include "recorder/rotated_files.h"

#include <gtest/gtest.h>
#include <sys/mount.h>

#include <filesystem>
#include <memory>
#include <span>
#include <string>

#include "tests/recorder/tmpfs_test.h"
#include "tests/support/scratch_directory.h"

namespace rfan::recorder {
namespace {

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text));
}

class RotatedFilesTest : public ::testing::Test {
 protected:
  std::unique_ptr<RotatedFiles> begin_unsettled(const Rotation& rotation) {
    auto files = RotatedFiles::create(scratch_.file("t.fbz"), rotation);
    EXPECT_TRUE(files.ok()) << files.error().message();
    return std::move(*files);
  }
  std::unique_ptr<RotatedFiles> begin(const Rotation& rotation = {.file_bytes = 1}) {
    auto files = begin_unsettled(rotation);
    files->settle();
    return files;
  }
  static void write(RotatedFiles& files, const std::string& text) {
    const auto sink = files.take_sink();
    EXPECT_TRUE(sink->append(bytes_of(text)).ok());
    EXPECT_TRUE(sink->close().ok());
  }
  static void write_and_seal(RotatedFiles& files, const std::string& text) {
    write(files, text);
    EXPECT_TRUE(files.seal().ok());
  }
  bool exists(const std::string& name) const { return std::filesystem::exists(scratch_.file(name)); }

  tests::ScratchDirectory scratch_;
};

TEST_F(RotatedFilesTest, AFileGetsItsNameWhenItIsWhole) {
  const auto files = begin();
  write(*files, "first");
  EXPECT_FALSE(exists("t.000000.fbz"));
  EXPECT_EQ(scratch_.read("t.000000.fbz.part"), "first");
  ASSERT_TRUE(files->seal().ok());
  EXPECT_EQ(scratch_.read("t.000000.fbz"), "first");
  EXPECT_FALSE(exists("t.000000.fbz.part"));
}

TEST_F(RotatedFilesTest, ARecordingThatWasNeverSettledLeavesNothing) {
  scratch_.write("t.000003.fbz", "older");
  auto files = begin_unsettled({.file_bytes = 1, .keep_files = 1});
  write_and_seal(*files, "of a command that could not be run");
  EXPECT_TRUE(exists("t.000004.fbz"));
  files.reset();
  EXPECT_FALSE(exists("t.000004.fbz"));
  EXPECT_EQ(scratch_.read("t.000003.fbz"), "older");
}

TEST_F(RotatedFilesTest, NumbersGoOnBehindThoseThatAreThere) {
  scratch_.write("t.000041.fbz", "older");
  write_and_seal(*begin(), "new");
  EXPECT_EQ(scratch_.read("t.000041.fbz"), "older");
  EXPECT_EQ(scratch_.read("t.000042.fbz"), "new");
}

TEST_F(RotatedFilesTest, WhatIsNotToBeKeptIsDroppedOldestFirst) {
  const auto files = begin({.file_bytes = 1, .keep_files = 2});
  for (const char* text : {"a", "b", "c"}) {
    write_and_seal(*files, text);
    ASSERT_TRUE(files->begin().ok());
  }
  write(*files, "d");
  EXPECT_EQ(files->dropped(), 2U);
  EXPECT_FALSE(exists("t.000001.fbz"));
  EXPECT_EQ(scratch_.read("t.000002.fbz"), "c");
  EXPECT_TRUE(exists("t.000003.fbz.part"));
}

TEST_F(RotatedFilesTest, WhatAKilledRecorderLeftBehindIsDroppedInItsTurn) {
  scratch_.write("t.000007.fbz.part", "left behind");
  const auto files = begin_unsettled({.file_bytes = 1, .keep_files = 1});
  write(*files, "new");
  EXPECT_TRUE(exists("t.000007.fbz.part")) << "the start may still fail";
  files->settle();
  EXPECT_FALSE(exists("t.000007.fbz.part"));
  EXPECT_TRUE(exists("t.000008.fbz.part"));
}

TEST_F(RotatedFilesTest, OthersFilesAreLeftAlone) {
  for (const char* name : {"t.fbz", "t.1.fbz", "t.000000.txt", "u.000000.fbz", "t.00000x.fbz"})
    scratch_.write(name, "mine");
  write_and_seal(*begin({.file_bytes = 1, .keep_files = 1}), "new");
  for (const char* name : {"t.fbz", "t.1.fbz", "t.000000.txt", "u.000000.fbz", "t.00000x.fbz"})
    EXPECT_EQ(scratch_.read(name), "mine") << name;
}

TEST_F(RotatedFilesTest, AStartThatCameToNothingLeavesNoFile) {
  begin().reset();
  EXPECT_TRUE(std::filesystem::is_empty(scratch_.path()));
}

TEST_F(RotatedFilesTest, TwoRecordersCannotWriteOneSeries) {
  const auto first = begin();
  const auto second = RotatedFiles::create(scratch_.file("t.fbz"), {.file_bytes = 1});
  ASSERT_FALSE(second.ok());
  EXPECT_NE(second.error().message().find("another recording"), std::string::npos)
      << second.error().message();
}

TEST_F(RotatedFilesTest, AnErrorShowsTheNameThatTheUserGave) {
  const auto files = RotatedFiles::create(scratch_.file("none/t.fbz"), {.file_bytes = 1});
  ASSERT_FALSE(files.ok());
  EXPECT_EQ(files.error().path, scratch_.file("none/t.fbz"));
  const auto begun = begin();
  write(*begun, "x");
  std::filesystem::remove_all(scratch_.path());
  const auto sealed = begun->seal();
  ASSERT_FALSE(sealed.ok());
  EXPECT_EQ(sealed.error().path, scratch_.file("t.000000.fbz"));
  const auto next = begun->begin();
  ASSERT_FALSE(next.ok());
  EXPECT_EQ(next.error().path, scratch_.file("t.000001.fbz.part"));
}

class FullDiskTest : public TmpfsTest {};  // one of a megabyte

TEST_F(FullDiskTest, DropsTheOldestFileAndLosesNoByte) {
  ASSERT_EQ(::mount("none", root().c_str(), nullptr, MS_REMOUNT, "size=1m"), 0);
  const std::string kilobytes(48 * 1024, 'x');
  const Rotation rotation{.file_bytes = 1, .drop_when_full = true};
  auto files = std::move(*RotatedFiles::create(file("t.fbz"), rotation));
  for (int i = 0; i < 40; ++i) {
    const auto sink = files->take_sink();
    ASSERT_TRUE(sink->append(bytes_of(kilobytes)).ok()) << i;
    ASSERT_TRUE(sink->close().ok());
    ASSERT_TRUE(files->seal().ok());
    ASSERT_TRUE(files->begin().ok()) << i;
  }
  EXPECT_GT(files->dropped(), 0U);
  EXPECT_EQ(std::filesystem::file_size(file("t.000039.fbz")), kilobytes.size());
}

}  // namespace
}  // namespace rfan::recorder
