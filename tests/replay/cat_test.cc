// Tests the verb cat within this process, on traces written here.
#include <gtest/gtest.h>

#include "replay/program.h"
#include "tests/replay/sample_trace.h"

namespace rfan::replay {
namespace {

using replay_test::kSecond;

class CatTest : public testing::Test {
 protected:
  // Runs `rfanreplay TRACE ARGUMENTS` and returns its output.
  std::string cat(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), trace_);
    auto outcome = replay_test::run(arguments);
    status_ = outcome.status;
    notes_ = std::move(outcome.notes);
    return std::move(outcome.out);
  }

  tests::ScratchDirectory scratch_;
  std::string trace_ = scratch_.file("t.fbz");
  std::vector<std::string> notes_;
  int status_ = -1;
};

TEST_F(CatTest, TextShowsEveryShapeOfEvent) {
  replay_test::write_sample_trace(trace_);
  EXPECT_EQ(cat({"--utc"}),
            "2026-11-22 10:31:02.250000 exec          vim.basic[1234]          /usr/bin/vim.basic 8.7us\n"
            "2026-11-22 10:31:02.500001 open          vim.basic[1234]          /etc/hostname 1.2ms\n"
            "2026-11-22 10:31:02.750002 open          Web\\x20Content[77]       /etc/shadow DENIED 2.1s\n"
            "2026-11-22 10:31:03.000003 close_nowrite vim.basic[1234]          /etc/ -\n"
            "2026-11-22 10:31:03.250004 rename        vim.basic[1234]          /tmp/old -> /tmp/new name -\n"
            "2026-11-22 10:31:03.500005 delete        vim.basic[1234]          /tmp/new name (deleted) -\n"
            "2026-11-22 10:31:03.750006 close_write   \\xff\\xfe[78]             /tmp/\\xff\\n\\\\ -\n"
            "2026-11-22 10:31:04.000007 attrib        ?[?]                     ? -\n");
  EXPECT_EQ(status_, kExitClean);
  EXPECT_TRUE(notes_.empty());
}

TEST_F(CatTest, RelativeTimesCountFromTheStart) {
  replay_test::write_sample_trace(trace_);
  EXPECT_EQ(cat({"--reltime", "--kind", "exec"}),
            "     0.250000 exec          vim.basic[1234]          /usr/bin/vim.basic 8.7us\n");
  EXPECT_EQ(cat({"--reltime", "--since", "+250ms", "--until", "+250001us"}),
            cat({"--reltime", "--kind", "exec"}));
}

TEST_F(CatTest, CommandLinesAreReadWhereTheyAreShownOrAskedFor) {
  replay_test::write_sample_trace(trace_);
  EXPECT_EQ(cat({"--kind", "exec", "-F", "kind,cmdline"}), "exec\tvim -es /etc/hostname\n");
  EXPECT_EQ(cat({"--kind", "exec", "-F", "cmdline", "--format", "csv"}), "cmdline\nvim -es /etc/hostname\n");
  EXPECT_EQ(cat({"-F", "kind", "--where", "not (kind != exec or cmdline !~ \"*hostname\")"}), "exec\n");
}

TEST_F(CatTest, JsonlShowsEveryShapeOfEvent) {
  replay_test::write_sample_trace(trace_);
  const std::string vim =
      R"("pid":1234,"ppid":1,"uid":1000,"exe":"/usr/bin/vim.basic","comm":"vim","cmdline":["vim","-es","/etc/hostname"])";
  EXPECT_EQ(
      cat({"--format", "jsonl"}),
      R"({"time_ns":1795343462250000000,"kind":"exec",)" + vim +
          R"(,"path":"/usr/bin/vim.basic","held":true,"reply_ns":8703,"verdict":"allow"})"
          "\n"
          R"({"time_ns":1795343462500001000,"kind":"open",)" +
          vim +
          R"(,"path":"/etc/hostname","held":true,"reply_ns":1245183,"verdict":"allow"})"
          "\n"
          R"({"time_ns":1795343462750002000,"kind":"open","pid":77,"ppid":1,"uid":1000,"comm":"Web Content",)"
          R"("path":"/etc/shadow","held":true,"reply_ns":2080374783,"verdict":"deny"})"
          "\n"
          R"({"time_ns":1795343463000003000,"kind":"close_nowrite",)" +
          vim +
          R"(,"path":"/etc","held":false,"dir":true})"
          "\n"
          R"({"time_ns":1795343463250004000,"kind":"rename",)" +
          vim +
          R"(,"path":"/tmp/old","path2":"/tmp/new name","held":false})"
          "\n"
          R"({"time_ns":1795343463500005000,"kind":"delete",)" +
          vim +
          R"(,"path":"/tmp/new name","held":false,"deleted":true})"
          "\n"
          R"({"time_ns":1795343463750006000,"kind":"close_write","pid":78,"ppid":1,"uid":1000,"exe_b64":"L3RtcC///g==",)"
          R"("comm_b64":"/w==","cmdline_b64":["/w==","b2s="],"path_b64":"L3RtcC//Clw=","held":false})"
          "\n"
          R"({"time_ns":1795343464000007000,"kind":"attrib","held":false})"
          "\n");
}

TEST_F(CatTest, PrintsOnlyWhatTheFilterWants) {
  replay_test::write_sample_trace(trace_);
  EXPECT_EQ(cat({"--utc", "--exe", "vim", "--path", "/etc/"}),
            "2026-11-22 10:31:02.500001 open          vim.basic[1234]          /etc/hostname 1.2ms\n");
  EXPECT_EQ(cat({"--exe", "emacs"}), "");
  EXPECT_EQ(status_, kExitClean);
}

TEST_F(CatTest, LossesAreNotedOnceAtTheEnd) {
  using format::LossCause;
  replay_test::write_sample_trace(trace_,
                                  {.losses = {{LossCause::kQueueOverflow, 100, 1100000000, 1200000000},
                                              {LossCause::kQueueOverflow, 20, 1300000000, 1400000000},
                                              {LossCause::kNoArena, {}, 1500000000, 1500000000}}});
  cat({"--utc", "--exe", "emacs"});
  EXPECT_EQ(status_, kExitPartial);
  EXPECT_EQ(
      notes_,
      (std::vector<std::string>{
          "note: the trace lost 120 events (queue_overflow, 10:31:02.1-10:31:02.4): counts are lower bounds",
          "note: the trace lost an unknown number of events (no_arena, 10:31:02.5-10:31:02.5): counts are "
          "lower bounds"}));
}

TEST_F(CatTest, NotesCallOnlyMissingEventsLost) {
  using format::LossCause;
  for (std::uint8_t cause = 1; cause < format::kLossCauseLimit; ++cause) {
    replay_test::write_sample_trace(trace_,
                                    {.losses = {{static_cast<LossCause>(cause), 3, kSecond, kSecond}}});
    cat({});
    // A stall does not concern an answer; only `info` shows it.
    ASSERT_EQ(notes_.size(), format::concerns_events(static_cast<LossCause>(cause)) ? 1U : 0U);
    if (notes_.empty()) continue;
    const bool says_lost = notes_[0].starts_with("note: the trace lost 3 events");
    EXPECT_EQ(says_lost, format::loses_events(static_cast<LossCause>(cause))) << notes_[0];
  }
}

TEST_F(CatTest, AnUnfinishedTraceIsPrintedWithANote) {
  replay_test::write_sample_trace(trace_, {.finished = false});
  const auto text = cat({});
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 8);
  EXPECT_EQ(status_, kExitPartial);
  ASSERT_EQ(notes_.size(), 1U);
  EXPECT_NE(notes_[0].find("not finished"), std::string::npos);
}

TEST_F(CatTest, ADamagedBlockCostsItselfAlone) {
  replay_test::write_long_trace(trace_, 10, 100);
  auto bytes = replay_test::read_file(trace_);
  bytes[bytes.size() / 2] = static_cast<char>(~bytes[bytes.size() / 2]);
  replay_test::write_file(trace_, bytes);
  const auto text = cat({});
  const auto lines = std::count(text.begin(), text.end(), '\n');
  EXPECT_LT(lines, 1000);
  EXPECT_GE(lines, 100);
  EXPECT_EQ(status_, kExitPartial);
  ASSERT_FALSE(notes_.empty());
  EXPECT_TRUE(notes_[0].starts_with("note: damaged at byte "));
}

TEST_F(CatTest, ALongTraceIsPrintedWhole) {
  replay_test::write_long_trace(trace_, 5, 20'000);
  const auto text = cat({"--utc"});
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 100'000);
  EXPECT_TRUE(
      text.ends_with("2026-11-22 10:31:02.099999 open          cat[100]                 /data/f99999 -\n"));
}

}  // namespace
}  // namespace rfan::replay
