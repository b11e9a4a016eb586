// recover: every untouched event is saved, what is missing is in the ledger, nothing is overwritten.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "replay/program.h"
#include "tests/replay/sample_trace.h"

namespace rfan::replay {
namespace {

using replay_test::run;

class RecoverTest : public testing::Test {
 protected:
  replay_test::Outcome recover() const {
    std::filesystem::remove(saved_);
    return run({"recover", trace_, "-o", saved_});
  }
  static std::string events(const std::string& trace) { return run({"cat", trace, "--format", "jsonl"}).out; }

  const tests::ScratchDirectory scratch_;
  const std::string trace_ = scratch_.file("t.fbz");
  const std::string saved_ = scratch_.file("saved.fbz");
};

TEST_F(RecoverTest, AWholeTraceIsSavedAsItIs) {
  replay_test::write_sample_trace(trace_);
  EXPECT_EQ(recover().status, kExitClean);
  EXPECT_EQ(events(saved_), events(trace_));
  EXPECT_EQ(run({"verify", saved_}).status, kExitClean);
}

TEST_F(RecoverTest, AnUnfinishedTraceGetsAnEnd) {
  replay_test::write_sample_trace(trace_, {.finished = false});
  EXPECT_EQ(recover().status, kExitClean);
  EXPECT_EQ(events(saved_), events(trace_));
  EXPECT_EQ(run({"verify", saved_}).status, kExitClean);
  EXPECT_NE(run({"info", saved_}).out.find("unknown"), std::string::npos);
}

TEST_F(RecoverTest, WhatIsReadableOfAFlippedFileIsWhatIsSaved) {
  replay_test::write_long_trace(trace_, 4, 10);
  const auto bytes = replay_test::read_file(trace_);
  for (std::size_t at = 72; at < bytes.size(); at += 7) {
    auto damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x41);
    replay_test::write_file(trace_, damaged);
    ASSERT_EQ(recover().status, kExitClean) << "byte " << at;
    // Without a readable clock the dates differ, not the events.
    const auto fields = [](const std::string& trace) {
      return run({"cat", trace, "-F", "kind,pid,exe,path"}).out;
    };
    EXPECT_EQ(fields(saved_), fields(trace_)) << "byte " << at;
  }
}

TEST_F(RecoverTest, TheLossLedgerCountsWhatTheDamageTook) {
  replay_test::write_long_trace(trace_, 10, 1000);
  auto bytes = replay_test::read_file(trace_);
  std::fill(bytes.begin() + static_cast<long>(bytes.size() / 2),
            bytes.begin() + static_cast<long>(bytes.size() / 2 + 64), '\0');
  replay_test::write_file(trace_, bytes);
  const auto outcome = recover();
  EXPECT_EQ(outcome.status, kExitClean);
  EXPECT_NE(outcome.out.find("events lost; read back"), std::string::npos) << outcome.out;
  const auto verified = run({"verify", saved_});
  EXPECT_EQ(verified.status, kExitPartial);
  EXPECT_NE(verified.out.find("whole: "), std::string::npos) << verified.out;
  EXPECT_NE(verified.out.find("(write_error"), std::string::npos) << verified.out;
}

TEST_F(RecoverTest, AFileThatIsThereIsNeverOverwritten) {
  replay_test::write_sample_trace(trace_);
  replay_test::write_file(saved_, "mine");
  EXPECT_EQ(run({"recover", trace_, "-o", saved_}).status, kExitError);
  EXPECT_EQ(replay_test::read_file(saved_), "mine");
  EXPECT_EQ(run({"recover", trace_, "-o", trace_}).status, kExitError);
  EXPECT_EQ(run({"recover", trace_}).status, kExitUsage);
  EXPECT_EQ(run({"recover", trace_, trace_, "-o", saved_}).status, kExitUsage);
}

TEST_F(RecoverTest, NothingStaysBehindWhenItFails) {
  replay_test::write_file(trace_,
                          "this is no trace, only a text file that is long enough to be looked at, really");
  EXPECT_EQ(recover().status, kExitError);
  EXPECT_FALSE(std::filesystem::exists(saved_));
  EXPECT_FALSE(std::filesystem::exists(saved_ + ".part"));
}

}  // namespace
}  // namespace rfan::replay
