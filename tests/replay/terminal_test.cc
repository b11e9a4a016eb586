// Tests what reaches a terminal, a spreadsheet, or a pager that runs with the rights of root.
#include <gtest/gtest.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "replay/program.h"
#include "replay/text/terminal_text.h"
#include "tests/replay/sample_trace.h"

namespace rfan::replay {
namespace {

class TerminalTest : public testing::Test {
 protected:
  TerminalTest() {
    auto writer = replay_test::create_trace(trace_);
    format::Process process;
    process.pid = 7;
    process.comm = "\x1b[31m=1+1";
    process.exe = writer->intern_path("/bin/\xe2\x80\xaegnp.sh");
    const auto id = writer->add_process(process);
    writer->add_event(
        {replay_test::kSecond, format::EventKind::kOpen, 0, id, writer->intern_path("=cmd|' /c\x7f"), 0, 0});
    replay_test::check(writer->finish(replay_test::kSampleClock, {}));
  }

  // Returns what a shell command prints on a terminal.
  static std::string on_terminal(const std::string& command) {
    int terminal = -1;
    const auto child = ::forkpty(&terminal, nullptr, nullptr, nullptr);
    if (child == 0) {
      ::execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
      ::_exit(127);
    }
    EXPECT_GE(child, 0);
    std::string shown;
    char bytes[4096];
    for (ssize_t got = 0; (got = ::read(terminal, bytes, sizeof bytes)) > 0;)
      shown.append(bytes, static_cast<std::size_t>(got));
    ::close(terminal);
    ::waitpid(child, nullptr, 0);
    return shown;
  }

  static bool harmless(std::string_view shown) {
    for (const auto* bytes : {"\x1b", "\x7f", "\xe2\x80\xae"}) {
      if (shown.find(bytes) != shown.npos) return false;
    }
    return true;
  }

  const tests::ScratchDirectory scratch_;
  const std::string trace_ = scratch_.file("t.fbz");
};

TEST_F(TerminalTest, NoFormatSendsWhatATerminalActsOn) {
  for (const auto* query :
       {"cat", "cat --format jsonl", "cat --format csv", "report --by comm,path --format csv",
        "report --by comm,exe --format jsonl", "files --format csv", "tree --format csv",
        "tree --format jsonl", "report --by exe"}) {
    const auto shown = on_terminal(std::string("NO_COLOR=1 PAGER=cat " RFANREPLAY_PATH " ") + query + " " +
                                   trace_ + " 2>&1");
    EXPECT_TRUE(harmless(shown)) << query << ":\n" << shown;
    EXPECT_FALSE(shown.empty()) << query;
  }
}

TEST_F(TerminalTest, AFileGetsTheBytesAsTheyAre) {
  const auto csv = replay_test::run({"cat", trace_, "--format", "csv", "-F", "path"});
  EXPECT_NE(csv.out.find("\n=cmd|' /c\x7f\n"), csv.out.npos);
}

TEST_F(TerminalTest, SafeCellsAreNoFormulas) {
  const auto csv = replay_test::run({"cat", trace_, "--format", "csv", "-F", "path", "--safe-cells"});
  EXPECT_NE(csv.out.find("\n'=cmd|' /c\\x7f\n"), csv.out.npos) << csv.out;
  EXPECT_EQ(replay_test::run({"cat", trace_, "--safe-cells"}).status, kExitUsage);
}

TEST_F(TerminalTest, APagerWithLentRightsStartsNoShell) {
  if (::geteuid() != 0) GTEST_SKIP() << "nobody lends rights to this user";
  std::filesystem::create_directory(scratch_.file("bin"));
  scratch_.write("bin/less", "#!/bin/sh\ncat >/dev/null\necho \"secure=$LESSSECURE\"\n");
  std::filesystem::permissions(scratch_.file("bin/less"), std::filesystem::perms::all);
  const auto run = [&](const std::string& environment) {
    return on_terminal("PATH=" + scratch_.file("bin") + ":$PATH " + environment + " " RFANREPLAY_PATH " " +
                       trace_);
  };
  EXPECT_NE(run("PAGER= SUDO_UID=1000").find("secure=1"), std::string::npos);
  EXPECT_NE(run("PAGER='echo chosen' SUDO_UID=1000").find("secure=1"), std::string::npos);
  EXPECT_NE(run("PAGER='echo chosen'").find("chosen"), std::string::npos);
}

TEST(SafeCsv, LeavesNumbersAndPutsAQuoteBeforeFormulas) {
  SafeCsv filter;
  EXPECT_EQ(filter.pass("name,-5,+1.5,-1+2,@x,=y,a=b,-,\n"), "name,-5,+1.5,'-1+2,'@x,'=y,a=b,'-,\n");
}

TEST(SafeCsv, TakesCellsThatComeInPieces) {
  SafeCsv filter;
  EXPECT_EQ(filter.pass("a,\"=1,\"\"x"), "a,");
  EXPECT_EQ(filter.pass("\"\"\n2\"\nb"), "\"'=1,\"\"x\"\"\\n2\"\n");
  EXPECT_EQ(filter.pass("\n"), "b\n");
}

TEST(SafeJson, ShowsTheSameValues) {
  SafeJson filter;
  EXPECT_EQ(filter.pass("{\"a\":\"\\n\xc3\xa4\xc2\x9b\x7f"), "");
  EXPECT_EQ(filter.pass("\xe2\x80\xae\xf3\xa0\x80\x81\"}\nx"),
            "{\"a\":\"\\n\xc3\xa4\\u009b\\u007f\\u202e\\udb40\\udc01\"}\n");
}

}  // namespace
}  // namespace rfan::replay
