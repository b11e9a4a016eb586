#include "recorder/output/rotated_files.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "tests/recorder/tmpfs_test.h"
#include "tests/support/planted_entries.h"
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

TEST_F(RotatedFilesTest, ANameThatIsTakenBeforeTheEndGivesWayToTheNextOne) {
  const auto files = begin();
  std::filesystem::create_directory(scratch_.file("t.000000.fbz"));
  scratch_.write("t.000001.fbz", "somebody's");
  write_and_seal(*files, "first");
  EXPECT_EQ(scratch_.read("t.000001.fbz"), "somebody's");
  EXPECT_EQ(scratch_.read("t.000002.fbz"), "first");
  ASSERT_TRUE(files->begin().ok());
  EXPECT_TRUE(exists("t.000003.fbz.part"));
}

TEST_F(RotatedFilesTest, NumbersEndAndDoNotBeginAgain) {
  scratch_.write("t.18446744073709551614.fbz", "the last one");
  const auto files = RotatedFiles::create(scratch_.file("t.fbz"), {.file_bytes = 1});
  ASSERT_FALSE(files.ok());
  EXPECT_NE(files.error().message().find("no number is left"), std::string::npos) << files.error().message();
}

// A directory in which every user may plant names.
class PlantedNamesTest : public RotatedFilesTest {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "only root gives files away";
    tests::make_sticky(scratch_.path());
  }
  std::string number(int n, const std::string& suffix = "") const {
    return format::series_file_name(scratch_.file("t.fbz"), static_cast<std::uint64_t>(n)) + suffix;
  }
  // Plants one name of each kind, with numbers from 0.
  std::vector<std::string> plant_all_kinds() const {
    return {tests::plant_directory(number(0)),
            tests::plant_fifo(number(1)),
            tests::plant_link(number(2), scratch_.write("target", "precious")),
            tests::plant_hard_link(number(3), scratch_.write("other", "x")),
            tests::plant_file(number(4)),
            tests::plant_file(number(5, ".part"))};
  }
};

TEST_F(PlantedNamesTest, NeitherCountNorGoAndAreNamedOnce) {
  const auto planted = plant_all_kinds();
  scratch_.write("t.000007.fbz", "older");
  testing::internal::CaptureStderr();
  const auto files = begin({.file_bytes = 1, .keep_files = 2});
  write_and_seal(*files, "a");
  ASSERT_TRUE(files->begin().ok());
  write_and_seal(*files, "b");
  ASSERT_TRUE(files->begin().ok());
  write(*files, "c");
  const auto said = testing::internal::GetCapturedStderr();
  for (const auto& name : planted) {
    EXPECT_TRUE(tests::is_there(name)) << name;
    const auto found = said.find("left alone and not counted: '" + name + "'; it ");
    EXPECT_NE(found, std::string::npos) << name << "\n" << said;
    EXPECT_EQ(said.find(name, found + name.size() + 40), std::string::npos) << "said twice\n" << said;
  }
  EXPECT_FALSE(exists("t.000007.fbz")) << "retention came to nothing";
  EXPECT_FALSE(exists("t.000008.fbz"));
  EXPECT_EQ(scratch_.read("t.000009.fbz"), "b");
  EXPECT_EQ(files->dropped(), 2U);
}

TEST_F(PlantedNamesTest, ThatTakeTheNextNumbersArePassedOver) {
  const auto files = begin();
  tests::plant_file(number(1, ".part"));
  tests::plant_directory(number(2));
  tests::plant_link(number(3, ".part"), "nowhere");
  write_and_seal(*files, "first");
  testing::internal::CaptureStderr();
  ASSERT_TRUE(files->begin().ok());
  const auto said = testing::internal::GetCapturedStderr();
  write_and_seal(*files, "second");
  EXPECT_EQ(scratch_.read("t.000004.fbz"), "second");
  EXPECT_EQ(scratch_.read("t.000001.fbz.part"), "planted");
  EXPECT_NE(said.find(number(1, ".part")), std::string::npos) << said;
}

TEST_F(PlantedNamesTest, ALargeNumberDoesNotMakeNumbersBeginAgain) {
  for (const char* large : {"t.18446744073709551613.fbz", "t.18446744073709551614.fbz"})
    tests::plant_file(scratch_.file(large));
  scratch_.write("t.18446744073709551615.fbz", "not of the set");
  scratch_.write("t.000041.fbz", "older");
  write_and_seal(*begin(), "new");
  EXPECT_EQ(scratch_.read("t.000042.fbz"), "new");
}

TEST_F(PlantedNamesTest, ALockedFileOfSomebodyElseIsNoOtherRecording) {
  const UniqueFd locked(::open(tests::plant_file(number(0, ".part")).c_str(), O_RDONLY | O_CLOEXEC));
  ASSERT_EQ(::flock(locked.get(), LOCK_EX | LOCK_NB), 0);
  write_and_seal(*begin(), "new");
  EXPECT_EQ(scratch_.read("t.000001.fbz"), "new");
}

TEST_F(PlantedNamesTest, AMillionOfThemDoNotFillTheScreen) {
  for (int n = 0; n < 100; ++n) tests::plant_file(number(n));
  testing::internal::CaptureStderr();
  const auto files = begin();
  const auto said = testing::internal::GetCapturedStderr();
  EXPECT_LE(std::count(said.begin(), said.end(), '\n'), 10) << said;
  EXPECT_NE(said.find("without a word"), std::string::npos) << said;
}

// A tmpfs whose size the test sets, with a set of finished files of 48 KiB.
class FullDiskTest : public TmpfsTest {
 protected:
  static constexpr std::size_t kFileBytes = 48 * 1024;

  void limit_size(const char* size) const {
    ASSERT_EQ(::mount("none", root().c_str(), nullptr, MS_REMOUNT, size), 0);
  }
  std::unique_ptr<RotatedFiles> begin_set() const {
    auto files = RotatedFiles::create(file("t.fbz"), {.file_bytes = 1, .drop_when_full = true});
    EXPECT_TRUE(files.ok()) << files.error().message();
    (*files)->settle();
    return std::move(*files);
  }
  static void write_finished(RotatedFiles& files, int count) {
    for (int i = 0; i < count; ++i) {
      const auto sink = files.take_sink();
      ASSERT_TRUE(sink->append(bytes_of(std::string(kFileBytes, 'x'))).ok()) << i;
      ASSERT_TRUE(sink->close().ok());
      ASSERT_TRUE(files.seal().ok());
      ASSERT_TRUE(files.begin().ok()) << i;
    }
  }
  // Fills the disk as any user may.
  void fill_the_rest(const std::string& name = "filler") const {
    std::ofstream filler(file(name), std::ios::binary | std::ios::app);
    const std::string page(4096, 'f');
    while (filler.write(page.data(), static_cast<std::streamsize>(page.size())).flush()) continue;
  }
  bool exists(const std::string& name) const { return tests::is_there(file(name)); }
};

TEST_F(FullDiskTest, DropsTheOldestFileAndLosesNoByte) {
  limit_size("size=1m");
  const auto files = begin_set();
  write_finished(*files, 40);
  EXPECT_GT(files->dropped(), 0U);
  EXPECT_EQ(std::filesystem::file_size(file("t.000039.fbz")), kFileBytes);
}

TEST_F(FullDiskTest, TheNewestFinishedFileStaysWhateverFillsTheDisk) {
  limit_size("size=1m");
  const auto files = begin_set();
  write_finished(*files, 4);
  const auto sink = files->take_sink();
  auto status = Status();
  for (int i = 0; i < 100 && status.ok(); ++i) {
    fill_the_rest();
    status = sink->append(bytes_of(std::string(4096, 'x')));
  }
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().errno_value, ENOSPC);
  EXPECT_NE(status.error().hint.find("the newest finished one stays"), std::string::npos)
      << status.error().hint;
  EXPECT_FALSE(exists("t.000002.fbz"));
  EXPECT_TRUE(exists("t.000003.fbz"));
}

TEST_F(FullDiskTest, NothingIsDroppedThatWouldNotBeEnough) {
  limit_size("size=1m");
  const auto files = begin_set();
  write_finished(*files, 4);
  fill_the_rest();
  const auto sink = files->take_sink();
  EXPECT_FALSE(sink->append(bytes_of(std::string(5 * kFileBytes, 'x'))).ok());
  EXPECT_EQ(files->dropped(), 0U);
  EXPECT_TRUE(exists("t.000000.fbz"));
}

TEST_F(FullDiskTest, WithoutAnInodeForTheNextFileTheOldestGoes) {
  limit_size("nr_inodes=8");
  const auto files = begin_set();
  write_finished(*files, 20);
  EXPECT_GT(files->dropped(), 0U);
  EXPECT_TRUE(exists("t.000019.fbz"));
}

// The kernel refuses to remove a mount point.
class UnremovableFileTest : public FullDiskTest {
 protected:
  void pin(const std::string& name) {
    pinned_ = file(name);
    ASSERT_EQ(::mount("/dev/null", pinned_.c_str(), nullptr, MS_BIND, nullptr), 0);
    testing::internal::CaptureStderr();
  }
  void expect_named_and_there() {
    const auto said = testing::internal::GetCapturedStderr();
    EXPECT_NE(said.find(pinned_ + "'; it cannot be removed"), std::string::npos) << said;
    EXPECT_TRUE(tests::is_there(pinned_));
  }
  void TearDown() override { ::umount2(pinned_.c_str(), MNT_DETACH); }

  std::string pinned_;
};

TEST_F(UnremovableFileTest, IsPassedOverWhenTheDiskIsFull) {
  limit_size("size=1m");
  const auto files = begin_set();
  write_finished(*files, 4);
  pin("t.000000.fbz");
  fill_the_rest();
  const auto sink = files->take_sink();
  EXPECT_TRUE(sink->append(bytes_of(std::string(4096, 'x'))).ok());
  expect_named_and_there();
  EXPECT_FALSE(exists("t.000001.fbz"));
}

TEST_F(UnremovableFileTest, DoesNotSwitchOffRetention) {
  for (const char* name : {"t.000000.fbz", "t.000001.fbz", "t.000002.fbz"}) make_file(name);
  pin("t.000000.fbz");
  auto files = std::move(*RotatedFiles::create(file("t.fbz"), {.file_bytes = 1, .keep_files = 2}));
  files->settle();
  expect_named_and_there();
  EXPECT_FALSE(exists("t.000001.fbz"));
  EXPECT_TRUE(exists("t.000002.fbz"));
}

}  // namespace
}  // namespace rfan::recorder
