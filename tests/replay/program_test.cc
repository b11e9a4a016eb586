// Tests the built program: exit statuses, standard error, pipes.
#include <gtest/gtest.h>
#include <rapidjson/document.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "tests/replay/sample_trace.h"

namespace rfan::replay_test {
namespace {

class ProgramTest : public testing::Test {
 protected:
  struct Outcome {
    int status = -1;
    std::string out, err;
  };

  // Runs a shell command in which R is the program and T the trace.
  Outcome shell(const std::string& command) {
    const auto script = "R='" RFANREPLAY_PATH "'; T='" + trace_ + "'; { " + command + "\n} >'" +
                        scratch_.file("out") + "' 2>'" + scratch_.file("err") + "'";
    const int status = std::system(script.c_str());
    return {WEXITSTATUS(status), read_file(scratch_.file("out")), read_file(scratch_.file("err"))};
  }

  static long lines(const std::string& text) { return std::count(text.begin(), text.end(), '\n'); }

  tests::ScratchDirectory scratch_;
  std::string trace_ = scratch_.file("t.fbz");
};

TEST_F(ProgramTest, ACleanTraceExitsWith0AndSaysNothingElse) {
  write_sample_trace(trace_);
  const auto outcome = shell("$R $T --exe vim");
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(lines(outcome.out), 5);
  EXPECT_EQ(outcome.err, "");
}

TEST_F(ProgramTest, ErrorsExitWith1) {
  const auto missing = shell("$R $T");
  EXPECT_EQ(missing.status, 1);
  EXPECT_TRUE(missing.err.starts_with("rfanreplay: ")) << missing.err;
  EXPECT_NE(missing.err.find("No such file"), std::string::npos) << missing.err;
  write_file(trace_, "this is no trace, only a text file that is long enough to be looked at");
  EXPECT_EQ(shell("$R $T").status, 1);
  EXPECT_EQ(shell("$R info $T").status, 1);
  write_file(trace_, "");
  EXPECT_EQ(shell("$R $T").status, 1);
}

TEST_F(ProgramTest, WrongUsageExitsWith2AndPointsToHelp) {
  for (const auto* command : {"$R", "$R info", "$R t --nonsense", "$R t --kind reed", "$R t --since noon"}) {
    const auto outcome = shell(command);
    EXPECT_EQ(outcome.status, 2) << command;
    EXPECT_NE(outcome.err.find("--help"), std::string::npos) << command;
    EXPECT_EQ(outcome.out, "") << command;
  }
}

// No message may contain a control sequence or a foreign byte from the command line or from a trace.
TEST_F(ProgramTest, MessagesHoldNothingThatATerminalActsOn) {
  const std::string csi = "\"$(printf '\\233')\"";
  for (const auto& command :
       {"$R " + csi, "$R t --kind " + csi, "$R t --" + csi, "$R t --pid " + csi,
        "$R t --where \"path =~ '('\"" + csi, "$R t --where \"exe =~ '(\"" + csi + "\"'\"",
        "$R diff t t --fail-on " + csi, "$R report t --by " + csi}) {
    const auto outcome = shell(command);
    EXPECT_NE(outcome.status, 0) << command;
    EXPECT_NE(outcome.err.find("\\x9b"), std::string::npos) << command << "\n" << outcome.err;
    EXPECT_EQ(outcome.err.find('\x9b'), std::string::npos) << command;
  }
}

TEST_F(ProgramTest, AGlobThatMatchesNoAbsolutePathIsNoted) {
  write_sample_trace(trace_);
  for (const std::string arguments :
       {"$T --path 'etc/*'", "$T --path '!etc/*'", "$T --exe usr/bin/vim", "$T --where 'path ~ etc/*'",
        "report $T --cgroup 'system.slice/x'", "$T --wrote 'tmp/*'", "diff $T $T --path 'etc/*'"}) {
    const auto outcome = shell("$R " + arguments);
    EXPECT_NE(outcome.err.find("matches nothing, since recorded paths are absolute: did you mean '**/"),
              std::string::npos)
        << arguments << "\n"
        << outcome.err;
  }
  EXPECT_EQ(shell("$R $T --path '**/etc/*' --exe '!/usr/x' --where 'path =~ a/b'").err, "");
}

TEST_F(ProgramTest, LossesExitWith3) {
  write_sample_trace(trace_, {.losses = {{format::LossCause::kQueueOverflow, {}, kSecond, 2 * kSecond}}});
  const auto events = shell("$R $T --utc");
  EXPECT_EQ(events.status, 3);
  EXPECT_EQ(lines(events.out), 8);
  EXPECT_TRUE(events.err.starts_with("rfanreplay: note: the trace lost an unknown number of events"))
      << events.err;
  EXPECT_EQ(shell("$R info $T").status, 3);
}

TEST_F(ProgramTest, AnUnfinishedTraceExitsWith3) {
  write_sample_trace(trace_, {.finished = false});
  EXPECT_EQ(shell("$R $T").status, 3);
  const auto info = shell("$R info $T");
  EXPECT_EQ(info.status, 3);
  EXPECT_NE(info.out.find("not finished"), std::string::npos);
  EXPECT_NE(info.out.find("\nevents           8\n"), std::string::npos) << info.out;
}

TEST_F(ProgramTest, ADamagedTraceExitsWith3AndGivesTheRest) {
  write_long_trace(trace_, 10, 100);
  auto bytes = read_file(trace_);
  bytes[bytes.size() / 2] = static_cast<char>(~bytes[bytes.size() / 2]);
  write_file(trace_, bytes);
  const auto outcome = shell("$R $T");
  EXPECT_EQ(outcome.status, 3);
  EXPECT_GE(lines(outcome.out), 100);
  EXPECT_TRUE(outcome.err.starts_with("rfanreplay: note: damaged at byte ")) << outcome.err;
}

TEST_F(ProgramTest, AReaderThatLeavesEndsItQuietly) {
  write_long_trace(trace_, 5, 20'000);
  const auto outcome = shell("{ $R $T; echo $? >&2; } | head -1");
  EXPECT_EQ(lines(outcome.out), 1);
  EXPECT_EQ(outcome.err, "0\n");
}

TEST_F(ProgramTest, AFullDeviceIsAnError) {
  write_sample_trace(trace_);
  const auto outcome = shell("$R $T >/dev/full");
  EXPECT_EQ(outcome.status, 1);
  EXPECT_NE(outcome.err.find("cannot write the output"), std::string::npos) << outcome.err;
}

TEST_F(ProgramTest, HelpThatCannotBeWrittenIsAnError) {
  for (const auto* option : {"--help", "--version", "report --help"}) {
    for (const auto* closed : {">/dev/full", ">&-"}) {
      const auto outcome = shell(std::string("$R ") + option + closed);
      EXPECT_EQ(outcome.status, 1) << option << closed;
      EXPECT_NE(outcome.err.find("cannot write the output"), std::string::npos) << option << closed;
    }
  }
}

// Each of these commands writes to standard error.
TEST_F(ProgramTest, AnAnswerDoesNotDependOnWhetherNotesCanBeWritten) {
  write_sample_trace(trace_);
  write_sample_trace(scratch_.file("cut"), {.finished = false});
  const std::pair<std::string, int> rows[] = {{"$R diff $T $T", 0},
                                              {"$R report " + scratch_.file("cut"), 3},
                                              {"$R $T.missing", 1},
                                              {"$R --nonsense", 2},
                                              {"$R slice $T -v -o " + scratch_.file("slice"), 0}};
  for (const auto& [command, status] : rows) {
    for (const auto* closed : {" 2>/dev/full", " 2>&-", " 0<&- 2>&-"}) {
      EXPECT_EQ(shell(command + closed).status, status) << command << closed;
      std::filesystem::remove(scratch_.file("slice"));
    }
  }
}

TEST_F(ProgramTest, ATraceToBeMadeNeverGetsTheDescriptorOfAClosedStandardError) {
  write_sample_trace(trace_, {.finished = false});
  EXPECT_EQ(shell("$R recover $T -o " + scratch_.file("whole") + " 0<&- >&- 2>&-").status, 1)
      << "that it was saved cannot be said";
  EXPECT_EQ(shell("$R verify " + scratch_.file("whole")).status, 0);
}

TEST_F(ProgramTest, APipeGivesTheSameAsTheFile) {
  write_long_trace(trace_, 5, 1000);
  EXPECT_EQ(shell("$R $T --utc --path '*7'; $R info $T --utc | tail -n +2").out,
            shell("cat $T | $R - --utc --path '*7'; cat $T | $R info - --utc | tail -n +2").out);
  EXPECT_EQ(shell("$R - <$T").out, shell("$R $T").out);
}

TEST_F(ProgramTest, HelpAndVersionGoToStandardOutput) {
  const auto help = shell("$R --help");
  EXPECT_EQ(help.status, 0);
  EXPECT_TRUE(help.out.starts_with("Usage: rfanreplay"));
  EXPECT_TRUE(shell("$R --version").out.starts_with("rfanreplay "));
}

TEST_F(ProgramTest, InfoTextSaysWhatWasRecorded) {
  write_sample_trace(trace_);
  const auto info = shell("$R info $T --utc");
  EXPECT_EQ(info.status, 0) << info.err;
  EXPECT_EQ(info.err, "");
  for (const auto* line :
       {"state            complete", "host             buildbox", "machine          x86_64, 2 CPUs",
        "command line     rfanrec -o t.fbz -- vim 'it'\\''s a file'", "exit status      1",
        "held             open", "first event      2026-11-22 10:31:02.250000 UTC",
        "duration         1.750 s", "events           8", "  close_nowrite  1",
        "rate             4.57 events per second", "processes        3", "max <= 2.1s (of 3 held events)",
        "attribution      75.00 % of events have an executable", "20 events seen, 12 of them filtered out",
        "covered          / (ext4): filesystem mark",
        "not covered      /mnt (fuse): can deadlock\n                 1 kernel interface (proc): no files of "
        "users\n",
        "losses           nothing lost"}) {
    EXPECT_NE(info.out.find(line), std::string::npos) << line << "\nin\n" << info.out;
  }
}

TEST_F(ProgramTest, InfoJsonHasTheSameContent) {
  write_sample_trace(trace_, {.losses = {{format::LossCause::kNoArena, 7, kSecond, 2 * kSecond}}});
  const auto info = shell("$R info $T --format json");
  rapidjson::Document json;
  json.Parse(info.out.c_str());
  ASSERT_FALSE(json.HasParseError()) << info.out;
  EXPECT_EQ(json["events"].GetUint64(), 8U);
  EXPECT_EQ(json["events_by_kind"]["open"].GetUint64(), 2U);
  EXPECT_EQ(json["first_event_ns"].GetUint64(), 1795343462250000000U);
  EXPECT_EQ(json["attribution_percent"].GetDouble(), 75.0);
  EXPECT_EQ(json["command"].Size(), 2U);
  EXPECT_EQ(json["command_status"].GetInt(), 1);
  EXPECT_EQ(json["recorder_cost"]["arenas_high_water"].GetUint(), 2U);
  EXPECT_EQ(json["mounts"].Size(), 3U);
  EXPECT_EQ(json["losses"][0]["count"].GetUint64(), 7U);
  EXPECT_TRUE(json["complete"].GetBool());
}

}  // namespace
}  // namespace rfan::replay_test
