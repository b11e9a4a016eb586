// Tests the notes on missing data: each is written once, in the requested style of time.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "replay/program.h"
#include "tests/replay/sample_trace.h"

namespace rfan::replay {
namespace {

using replay_test::kSecond;
using replay_test::run;

class NotesTest : public testing::Test {
 protected:
  NotesTest() {
    setenv("TZ", "Asia/Tokyo", 1);
    tzset();
    for (const auto& trace : {trace_, other_}) {
      replay_test::write_sample_trace(trace,
                                      {.losses = {{format::LossCause::kNoArena, 42, kSecond, kSecond}}});
    }
  }
  ~NotesTest() override {
    unsetenv("TZ");
    tzset();
  }

  // Returns the notes about the loss.
  static std::vector<std::string> losses(const std::vector<std::string>& arguments) {
    auto notes = run(arguments).notes;
    notes.erase(
        std::remove_if(notes.begin(), notes.end(),
                       [](const auto& note) { return note.find("lost 42 events") == std::string::npos; }),
        notes.end());
    return notes;
  }

  const tests::ScratchDirectory scratch_;
  const std::string trace_ = scratch_.file("a.fbz");
  const std::string other_ = scratch_.file("b.fbz");
};

TEST_F(NotesTest, DiffGivesTheTimeOfALossInUtcWhenAskedTo) {
  const auto local = losses({"diff", trace_, other_});
  ASSERT_EQ(local.size(), 2U);
  EXPECT_NE(local[0].find("(no_arena, 19:31:02.0-19:31:02.0)"), std::string::npos) << local[0];
  const auto utc = losses({"diff", "--utc", trace_, other_});
  ASSERT_EQ(utc.size(), 2U);
  EXPECT_NE(utc[0].find("(no_arena, 10:31:02.0-10:31:02.0)"), std::string::npos) << utc[0];
}

TEST_F(NotesTest, AFilterThatLooksAheadTellsOfALossOnce) {
  for (const auto& filter : {std::vector<std::string>{"--wrote", "/tmp/*"}, {"--slowest", "1s"}}) {
    for (const auto* style : {"--utc", "--reltime"}) {
      auto arguments = filter;
      arguments.insert(arguments.begin(), {"cat", trace_, style});
      EXPECT_EQ(losses(arguments).size(), 1U) << filter[0] << " " << style;
    }
  }
}

// Standard input has no name in the file system, but a file may have the name under which it is shown.
TEST_F(NotesTest, AFileCalledStandardInputIsAFile) {
  const auto before = std::filesystem::current_path();
  std::filesystem::copy_file(trace_, scratch_.file("standard input"));
  std::filesystem::current_path(scratch_.path());
  const auto compared = run({"diff", "standard input", "b.fbz"});
  const auto verified = run({"verify", "standard input"});
  std::filesystem::current_path(before);
  EXPECT_EQ(compared.status, 3) << "compared, with losses: " << testing::PrintToString(compared.notes);
  EXPECT_NE(verified.out.find("standard input: whole"), std::string::npos) << verified.out;
}

}  // namespace
}  // namespace rfan::replay
