// Tests several traces read as one: rotated sets, directories, gaps, and a set that is still being written.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <thread>

#include "replay/program.h"
#include "tests/replay/sample_trace.h"
#include "tests/support/planted_entries.h"

namespace rfan::replay {
namespace {

using replay_test::kSampleClock;
using replay_test::kSecond;
using replay_test::run;

class TraceSetTest : public testing::Test {
 protected:
  std::string file_of(std::uint32_t number, bool part = false) const {
    char name[40];
    snprintf(name, sizeof name, "t.%06u.fbz%s", number, part ? ".part" : "");
    return scratch_.file(name);
  }

  // Returns a writer of file `number` of the recording, with one open of /fN in it, flushed.
  std::unique_ptr<format::TraceWriter> begin_file(std::uint32_t number) {
    format::TraceWriterOptions options{session_, format::random_uuid(), number};
    auto writer = replay_test::create_trace(file_of(number, true), {}, options);
    const auto path = writer->intern_path("/f" + std::to_string(number));
    writer->add_event({kSecond + number * kSecond, format::EventKind::kOpen, 0, 0, path, 0, 0});
    replay_test::check(writer->flush(kSampleClock));
    return writer;
  }
  void seal(format::TraceWriter& writer, std::uint32_t number) {
    replay_test::check(writer.finish(kSampleClock, {}));
    std::filesystem::rename(file_of(number, true), file_of(number));
  }
  void write_file(std::uint32_t number) { seal(*begin_file(number), number); }

  const tests::ScratchDirectory scratch_;
  const format::Uuid session_ = format::random_uuid();
  const std::string set_ = scratch_.file("t.fbz");
};

TEST_F(TraceSetTest, ASetIsReadInOrderByItsNameItsDirectoryOrItsFiles) {
  for (const std::uint32_t number : {0, 1, 2}) write_file(number);
  const auto by_name = run({set_, "-F", "path"});
  EXPECT_EQ(by_name.out, "/f0\n/f1\n/f2\n");
  EXPECT_EQ(by_name.status, kExitClean);
  EXPECT_TRUE(by_name.notes.empty());
  EXPECT_EQ(run({scratch_.file(""), "-F", "path"}).out, by_name.out);
  EXPECT_EQ(run({file_of(2), file_of(0), file_of(1), "-F", "path"}).out, by_name.out);
}

TEST_F(TraceSetTest, RelativeTimesCountFromTheStartOfTheRecording) {
  for (const std::uint32_t number : {0, 1, 2}) write_file(number);
  EXPECT_EQ(run({set_, "-F", "path", "--since", "+1s", "--until", "+2s"}).out, "/f1\n");
  EXPECT_EQ(run({set_, "-F", "path", "--since", "60%"}).out, "/f2\n");
}

TEST_F(TraceSetTest, AMissingFileIsNamedAndExitsWith3) {
  for (const std::uint32_t number : {0, 2, 5}) write_file(number);
  const auto outcome = run({set_, "-F", "path"});
  EXPECT_EQ(outcome.out, "/f0\n/f2\n/f5\n");
  EXPECT_EQ(outcome.status, kExitPartial);
  ASSERT_EQ(outcome.notes.size(), 2U);
  EXPECT_NE(outcome.notes[0].find("file 1 of the recording is missing"), std::string::npos)
      << outcome.notes[0];
  EXPECT_NE(outcome.notes[1].find("files 3-4 of the recording are missing"), std::string::npos)
      << outcome.notes[1];
}

TEST_F(TraceSetTest, WhatRetentionDroppedIsNotedAndNoFault) {
  for (const std::uint32_t number : {4, 5}) write_file(number);
  const auto outcome = run({set_, "-F", "path"});
  EXPECT_EQ(outcome.status, kExitClean);
  ASSERT_EQ(outcome.notes.size(), 1U);
  EXPECT_NE(outcome.notes[0].find("files 0-3 of the recording were dropped"), std::string::npos)
      << outcome.notes[0];
}

TEST_F(TraceSetTest, AFileThatIsNoTraceIsNotedWhenItWasFoundAndAnErrorWhenItWasNamed) {
  write_file(0);
  replay_test::write_file(file_of(1), "no trace, but long enough to be looked at: no trace, but long enough");
  EXPECT_EQ(run({set_, "-F", "path"}).out, "/f0\n");
  EXPECT_EQ(run({set_}).status, kExitPartial);
  EXPECT_EQ(run({file_of(0), file_of(1)}).status, kExitError);
}

TEST_F(TraceSetTest, WhatIsNoFileIsNotedAndNotRead) {
  write_file(0);
  ASSERT_EQ(::mkfifo(file_of(1).c_str(), 0600), 0);
  std::filesystem::create_directory(file_of(2));
  for (const auto& name : {set_, scratch_.file("")}) {
    const auto outcome = run({name, "-F", "path"});
    EXPECT_EQ(outcome.out, "/f0\n");
    EXPECT_EQ(outcome.status, kExitClean);
    ASSERT_EQ(outcome.notes.size(), 2U) << name;
    EXPECT_NE(outcome.notes[0].find(file_of(1) + "'; it is no file"), std::string::npos) << outcome.notes[0];
  }
}

TEST_F(TraceSetTest, LinksAndFilesOfOthersAreReadWhereNobodyPlantsThem) {
  for (const std::uint32_t number : {0, 1, 2}) write_file(number);
  std::filesystem::rename(file_of(1), scratch_.file("elsewhere"));
  std::filesystem::create_symlink(scratch_.file("elsewhere"), file_of(1));
  tests::give_to_stranger(file_of(2));
  const auto outcome = run({set_, "-F", "path"});
  EXPECT_EQ(outcome.out, "/f0\n/f1\n/f2\n");
  EXPECT_TRUE(outcome.notes.empty());
}

class PlantedTraceTest : public TraceSetTest {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "only root gives files away";
    tests::make_sticky(scratch_.path());
    write_file(0);
  }
};

TEST_F(PlantedTraceTest, FilesOfOthersAreNotedAndNotReadAsPartOfASet) {
  for (const std::uint32_t number : {1, 2, 3}) write_file(number);
  tests::give_to_stranger(file_of(1));
  std::filesystem::create_hard_link(file_of(2), scratch_.file("other name"));
  tests::plant_fifo(file_of(4));
  tests::plant_link(file_of(5), file_of(0));
  for (const auto& name : {set_, scratch_.file("")}) {
    const auto outcome = run({name, "-F", "path"});
    EXPECT_EQ(outcome.out, "/f0\n/f3\n") << name;
    ASSERT_EQ(outcome.notes.size(), 5U) << name;  // including one that 1 and 2 are missing
    EXPECT_NE(outcome.notes[0].find(file_of(1) + "'; it belongs to user 65534"), std::string::npos)
        << outcome.notes[0];
  }
  EXPECT_EQ(run({file_of(1), "-F", "path"}).out, "/f1\n") << "named, it is read";
}

TEST_F(PlantedTraceTest, ANameThatWasPlantedDoesNotHideTheSet) {
  tests::plant_file(set_);
  for (const std::string verb : {"cat", "info"}) {
    const auto outcome = run({verb, set_});
    EXPECT_NE(outcome.out.find(verb == "cat" ? "/f0" : file_of(0)), std::string::npos) << outcome.out;
    EXPECT_EQ(outcome.status, kExitClean);
    ASSERT_EQ(outcome.notes.size(), 1U);
    EXPECT_NE(outcome.notes[0].find(set_ + "'; it belongs to user 65534"), std::string::npos);
  }
}

TEST_F(PlantedTraceTest, FollowPassesOverAFileOfSomebodyElse) {
  auto writer = begin_file(1);
  replay_test::Outcome outcome;
  std::jthread reader([&] { outcome = run({set_, "--follow", "-F", "path"}); });
  std::this_thread::sleep_for(std::chrono::milliseconds(200));  // so that it has begun to wait
  tests::plant_fifo(file_of(2));
  seal(*writer, 1);
  write_file(3);
  reader.join();
  EXPECT_EQ(outcome.out, "/f0\n/f1\n/f3\n");
}

TEST_F(PlantedTraceTest, AMillionOfThemDoNotFillTheScreen) {
  for (std::uint32_t number = 1; number < 100; ++number) tests::plant_file(file_of(number));
  EXPECT_EQ(run({set_}).notes.size(), 9U);
}

TEST_F(TraceSetTest, TheSourceIsShownOnRequest) {
  write_file(0);
  EXPECT_TRUE(run({set_, "-H"}).out.starts_with(file_of(0) + ":"));
  EXPECT_NE(run({"report", set_, "-H"}).out.find(file_of(0)), std::string::npos);
}

TEST_F(TraceSetTest, AFileGivenTwiceIsReadOnce) {
  write_file(0);
  EXPECT_EQ(run({file_of(0), set_, "-F", "path"}).out, "/f0\n");
}

TEST_F(TraceSetTest, FollowGoesOnAcrossRotationAndEndsWithTheRecording) {
  write_file(0);
  auto writer = begin_file(1);
  replay_test::Outcome outcome;
  std::jthread reader([&] { outcome = run({set_, "--follow", "-F", "path"}); });
  std::this_thread::sleep_for(std::chrono::milliseconds(200));  // so that it has begun to wait
  writer->add_event({5 * kSecond, format::EventKind::kOpen, 0, 0, writer->intern_path("/late"), 0, 0});
  replay_test::check(writer->flush(kSampleClock));
  seal(*writer, 1);
  write_file(2);
  reader.join();
  EXPECT_EQ(outcome.out, "/f0\n/f1\n/late\n/f2\n");
  EXPECT_EQ(outcome.status, kExitClean) << (outcome.notes.empty() ? "" : outcome.notes.front());
}

TEST_F(TraceSetTest, FollowingAFinishedTraceEndsAtOnce) {
  write_file(0);
  EXPECT_EQ(run({file_of(0), "--follow", "-F", "path"}).out, "/f0\n");
}

}  // namespace
}  // namespace rfan::replay
