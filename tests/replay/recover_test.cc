// Tests recover: every untouched event is saved, the ledger lists what is missing, and nothing is
// overwritten.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <sstream>
#include <vector>

#include "replay/program.h"
#include "tests/replay/sample_trace.h"

namespace rfan::replay {
namespace {

using replay_test::run;

constexpr std::size_t kHeaderBytes = 72;

class RecoverTest : public testing::Test {
 protected:
  replay_test::Outcome recover() const {
    std::filesystem::remove(saved_);
    return run({"recover", trace_, "-o", saved_});
  }
  static std::string events(const std::string& trace) { return run({"cat", trace, "--format", "jsonl"}).out; }

  // Returns one line per event, without the time, which differs if no clock is readable.
  static std::vector<std::string> kinds_and_paths(const std::string& trace) {
    std::istringstream lines(run({"cat", trace, "-F", "kind,pid,exe,path"}).out);
    std::vector<std::string> all;
    for (std::string line; std::getline(lines, line);) all.push_back(line);
    return all;
  }
  static bool says(const replay_test::Outcome& outcome, std::string_view text) {
    return std::any_of(outcome.notes.begin(), outcome.notes.end(),
                       [&](const auto& note) { return note.find(text) != std::string::npos; });
  }
  // Returns true if the saved trace verifies, and if its ledger lists lost events.
  bool is_sound_or_says_what_is_missing(const replay_test::Outcome& recovered) const {
    const auto verified = run({"verify", saved_});
    const bool whole = verified.out.find(": whole: ") != std::string::npos;
    const bool lost = std::any_of(recovered.notes.begin(), recovered.notes.end(), [](const auto& note) {
      return note.find(" events lost") != std::string::npos &&
             note.find(", no events lost") == std::string::npos;
    });
    const bool told = verified.out.find("the trace lost ") != std::string::npos;
    return whole && lost == told;
  }

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

TEST_F(RecoverTest, AFileCutAtAnyByteIsSavedUpToItsLastFlush) {
  replay_test::write_long_trace(trace_, 3, 2);
  const auto bytes = replay_test::read_file(trace_);
  const auto whole = events(trace_);
  std::size_t most = 0;
  for (std::size_t size = kHeaderBytes; size < bytes.size(); ++size) {
    SCOPED_TRACE("cut after byte " + std::to_string(size));
    replay_test::write_file(trace_, bytes.substr(0, size));
    const auto outcome = recover();
    ASSERT_EQ(outcome.status, kExitClean);
    ASSERT_TRUE(says(outcome, "the trace is not finished"));
    const auto saved = kinds_and_paths(saved_);
    ASSERT_EQ(saved, kinds_and_paths(trace_));
    ASSERT_GE(saved.size(), most) << "a longer file gives no less";
    most = saved.size();
    ASSERT_TRUE(is_sound_or_says_what_is_missing(outcome));
    if (saved.size() == 6) {
      ASSERT_EQ(events(saved_), whole);
    }
  }
  EXPECT_GT(most, 0U);
}

TEST_F(RecoverTest, AZeroedPageCostsTheBlocksOnItAndNoOther) {
  constexpr std::size_t kPageBytes = 4096;
  replay_test::write_long_trace(trace_, 150, 40);
  const auto bytes = replay_test::read_file(trace_);
  ASSERT_GT(bytes.size(), 4 * kPageBytes);
  for (std::size_t page = kPageBytes; page < bytes.size(); page += kPageBytes) {
    SCOPED_TRACE("page at " + std::to_string(page));
    auto zeroed = bytes;
    std::fill_n(zeroed.begin() + static_cast<long>(page), std::min(kPageBytes, bytes.size() - page), '\0');
    replay_test::write_file(trace_, zeroed);
    const auto outcome = recover();
    ASSERT_EQ(outcome.status, kExitClean);
    ASSERT_FALSE(outcome.notes.empty());
    ASSERT_EQ(kinds_and_paths(saved_), kinds_and_paths(trace_));
    ASSERT_TRUE(is_sound_or_says_what_is_missing(outcome));
  }
}

// The second DICT frame of this trace is lost.
TEST_F(RecoverTest, EventsWhosePathIsLostAreSavedAndCounted) {
  replay_test::write_long_trace(trace_, 3, 10);
  auto bytes = replay_test::read_file(trace_);
  const std::string dictionary("\xA7\x72\x66\xF5\x02");
  const auto second = bytes.find(dictionary, bytes.find(dictionary) + 1);
  ASSERT_NE(second, std::string::npos);
  constexpr std::size_t kToMetadata = 32;
  bytes[second + kToMetadata] ^= 0x41;
  replay_test::write_file(trace_, bytes);
  for (const auto* verb : {"recover", "slice"}) {
    std::filesystem::remove(saved_);
    const auto outcome = run({verb, trace_, "-o", saved_});
    EXPECT_TRUE(says(outcome, "of 10 events the path of 10 and the process of 0 are not in the dictionary"));
    EXPECT_EQ(kinds_and_paths(saved_), kinds_and_paths(trace_));
    EXPECT_EQ(kinds_and_paths(saved_).size(), 30U) << verb;
    const auto verified = run({"verify", saved_});
    EXPECT_EQ(verified.status, kExitPartial);
    EXPECT_NE(verified.out.find("the path of 10 events is unknown (unresolved_path"), std::string::npos)
        << verified.out;
    EXPECT_NE(verified.out.find("whole: 30 events"), std::string::npos) << verified.out;
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

// While an object lives, no file of this process grows beyond `bytes`: write() fails (EFBIG) as on a full
// disk.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, on_excess_);
  }

 private:
  rlimit before_{};
  void (*on_excess_)(int) = std::signal(SIGXFSZ, SIG_IGN);
};

TEST_F(RecoverTest, AFullDiskIsAnErrorAndLeavesNothingBehind) {
  replay_test::write_sample_trace(trace_, {.finished = false});
  ASSERT_EQ(recover().status, kExitClean);
  const auto needed = std::filesystem::file_size(saved_);
  for (std::uintmax_t bytes = 0; bytes < needed; bytes += 13) {
    const FileSizeLimit limit(bytes);
    const auto outcome = recover();
    ASSERT_EQ(outcome.status, kExitError) << "room for " << bytes << " of " << needed << " bytes";
    ASSERT_TRUE(says(outcome, "File too large"));
    ASSERT_FALSE(std::filesystem::exists(saved_));
    ASSERT_FALSE(std::filesystem::exists(saved_ + ".part"));
  }
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
