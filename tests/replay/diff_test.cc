// Tests rfanreplay diff from its arguments to its output and exit status, on invented builds.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <rapidjson/document.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <sstream>
#include <stdexcept>

#include "replay/program.h"
#include "tests/support/build_story.h"
#include "tests/support/scratch_directory.h"

namespace rfan::replay {
namespace {

using tests::BuildStory;

class DiffTest : public testing::Test {
 protected:
  // Writes another run of this story and returns the name of its trace.
  std::string record(BuildStory story, const format::TraceMeta& meta = {}) {
    story.seed = ++runs_;
    const auto path = scratch_.file("run" + std::to_string(runs_) + ".fbz");
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    auto writer = format::TraceWriter::create(format::make_fd_sink(UniqueFd(fd), path), {}, meta);
    if (!writer) throw std::runtime_error(writer.error().message());
    tests::write_build(story, **writer);
    return path;
  }

  int diff(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "diff");
    const int fd = memfd_create("out", MFD_CLOEXEC);
    notes_.clear();
    const int status = run_program(arguments, {fd, [&](std::string_view line) { (notes_ += line) += '\n'; }});
    out_.assign(static_cast<std::size_t>(lseek(fd, 0, SEEK_END)), '\0');
    EXPECT_EQ(pread(fd, out_.data(), out_.size(), 0), static_cast<ssize_t>(out_.size()));
    ::close(fd);
    return status;
  }

  // Compares `count` runs of each story and returns the clear findings as "change what".
  std::vector<std::string> findings(const BuildStory& base, const BuildStory& fresh, std::size_t count,
                                    std::vector<std::string> options = {}) {
    auto arguments = std::move(options);
    for (std::size_t i = 0; i < count; ++i) arguments.push_back(record(base));
    arguments.emplace_back("--");
    for (std::size_t i = 0; i < count; ++i) arguments.push_back(record(fresh));
    arguments.insert(arguments.end(), {"--format", "jsonl"});
    status_ = diff(arguments);
    std::vector<std::string> found;
    std::istringstream lines(out_);
    for (std::string line; std::getline(lines, line);) {
      rapidjson::Document json;
      json.Parse(line.c_str());
      if (json["tag"] == "clear" || !only_clear_)
        found.push_back(std::string(json["change"].GetString()) + " " + json["what"].GetString());
    }
    return found;
  }

  // Expects this single finding, with one run a side and with three.
  void expect_finding(const BuildStory& fresh, const std::string& wanted) {
    for (const std::size_t count : {1, 3}) {
      EXPECT_EQ(findings({}, fresh, count), std::vector<std::string>{wanted}) << count << " runs a side";
      EXPECT_EQ(status_, 1);
    }
  }

  tests::ScratchDirectory scratch_;
  std::uint32_t runs_ = 0;
  int status_ = -1;
  bool only_clear_ = true;
  std::string out_, notes_;
};

TEST_F(DiffTest, RunsOfTheSameBuildDoNotDiffer) {
  BuildStory elsewhere;
  elsewhere.directory = "/tmp/x/other";
  for (const std::size_t count : {1, 2, 3}) {
    EXPECT_TRUE(
        findings({}, elsewhere, count, {"--map", "/home/ann/build=/B", "--map", "/tmp/x/other=/B"}).empty())
        << out_;
    EXPECT_EQ(status_, 0);
  }
}

TEST_F(DiffTest, TwentyPairsHaveNoMoreThanOneFalseFinding) {
  std::size_t found = 0;
  for (int pair = 0; pair < 20; ++pair) found += findings({.noise = 0.2}, {.noise = 0.2}, 1).size();
  EXPECT_LE(found, 1U);
}

TEST_F(DiffTest, HowManyClosesTheKernelMergedIsNoDifference) {
  BuildStory merged;
  merged.linker_closes = 1;
  BuildStory apart;
  apart.linker_closes = 4;
  for (const std::size_t count : {1, 3}) {
    EXPECT_EQ(findings(merged, apart, count), std::vector<std::string>{}) << count << " runs a side";
    EXPECT_EQ(status_, 0);
  }
}

TEST_F(DiffTest, AnIncludePathIsOneFinding) {
  expect_finding({.extra_headers = 25}, "new /opt/extra/include/**");
  EXPECT_NE(out_.find("\"by\":\"cc1\""), std::string::npos) << out_;
}

TEST_F(DiffTest, AHeaderThatIsReadAThousandTimesIsFound) {
  expect_finding({.rereads = {{"/usr/include/part1.h", 1000}}}, "more /usr/include/part1.h");
}

TEST_F(DiffTest, AnotherLinkerIsOneFinding) {
  expect_finding({.linker = "/usr/bin/ld.gold"}, "program /usr/bin/ld.gold");
  EXPECT_NE(out_.find("\"instead\":\"/usr/bin/ld.bfd\""), std::string::npos) << out_;
}

TEST_F(DiffTest, AWrapperAroundTheCompilerIsTheOnlyNewProgram) {
  expect_finding({.wrapper = "/usr/bin/ccache"}, "new /usr/bin/ccache");
}

TEST_F(DiffTest, ASlowDirectoryIsFound) {
  expect_finding({.slow_directory = "/src/include/"}, "slower /src/include/*");
}

TEST_F(DiffTest, AMissingFileIsFound) {
  EXPECT_EQ(findings({}, {.has_config = false}, 3), std::vector<std::string>{"gone /src/config.mk"});
  EXPECT_EQ(findings({}, {.has_config = false}, 1, {"--sets"}),
            std::vector<std::string>{"gone /src/config.mk"});
}

TEST_F(DiffTest, AFileThatIsWrittenInsteadOfReadIsFound) {
  EXPECT_EQ(findings({}, {.writes_config = true}, 3), std::vector<std::string>{"more /src/config.mk"});
  EXPECT_NE(out_.find("\"writes\":true"), std::string::npos) << out_;
}

TEST_F(DiffTest, MoreUnitsAreMoreProcesses) {
  const auto found = findings({}, {.units = 60}, 3);
  ASSERT_FALSE(found.empty());
  EXPECT_EQ(found.front(), "runs /usr/bin/gcc") << out_;
}

TEST_F(DiffTest, AMovedDirectoryIsOneFindingThatNamesTheRemedy) {
  expect_finding({.directory = "/home/ann/other"}, "moved /home/ann/other/**");
  EXPECT_NE(out_.find("--map"), std::string::npos) << out_;
}

TEST_F(DiffTest, FiltersAndWindowsApplyToBothSides) {
  EXPECT_TRUE(findings({}, {.extra_headers = 25}, 1, {"--path", "/usr/"}).empty()) << out_;
  const auto trace = record({});
  EXPECT_EQ(diff({trace, trace, "--base-window", "..50%", "--new-window", "..50%"}), 0) << out_;
  EXPECT_EQ(diff({trace, trace, "--base-window", "..50%", "--new-window", "50%..", "--sets"}), 1) << out_;
}

TEST_F(DiffTest, TheTableCountsByKey) {
  ASSERT_EQ(diff({record({}), record({.extra_headers = 10}), "--by", "dir,kind", "--format", "csv", "--all"}),
            1);
  EXPECT_NE(out_.find("\n/opt/extra/include/,open,0,300,300,"), std::string::npos) << out_;
  EXPECT_NE(out_.find("\n/etc/,open,94,94,0,"), std::string::npos) << out_;
}

TEST_F(DiffTest, OnlySignificantRowsAreShownUnlessAll) {
  const auto base = record({});
  const auto fresh = record({.extra_headers = 10});
  diff({base, fresh, "--by", "path"});
  EXPECT_EQ(out_.find("part1.h"), std::string::npos) << out_;
  EXPECT_NE(out_.find("rows hidden"), std::string::npos) << out_;
  diff({base, fresh, "--by", "path", "--all"});
  EXPECT_NE(out_.find("part1.h"), std::string::npos) << out_;
}

TEST_F(DiffTest, SetsListFilesAndPrograms) {
  EXPECT_EQ(diff({record({}), record({.linker = "/usr/bin/ld.gold", .has_config = false}), "--sets"}), 1);
  for (const auto* wanted : {"/src/config.mk", "/usr/bin/ld.gold (a program)", "/usr/lib/libplugin.so"}) {
    EXPECT_NE(out_.find(wanted), std::string::npos) << out_;
  }
}

TEST_F(DiffTest, SequencesShowWhatWasAddedInEachProcess) {
  EXPECT_EQ(diff({record({}), record({.extra_headers = 1}), "--sequence", "--exe", "cc1"}), 1);
  EXPECT_NE(out_.find("/usr/lib/gcc/cc1 (30 processes)"), std::string::npos) << out_;
  EXPECT_NE(out_.find("  + open          /opt/extra/include/extra0.h\n"), std::string::npos) << out_;
  EXPECT_EQ(diff({record({}), record({}), "--sequence", "--exe", "cc1"}), 0) << out_;
}

TEST_F(DiffTest, ALimitDecidesTheExitStatus) {
  const auto base = record({});
  const auto fresh = record({.extra_headers = 10});
  EXPECT_EQ(diff({base, fresh, "--fail-on", "count:+50%"}), 0);
  EXPECT_EQ(diff({base, fresh, "--fail-on", "count:+5%"}), 1);
  EXPECT_NE(notes_.find("limit broken: count:+5%"), std::string::npos) << notes_;
  EXPECT_EQ(diff({base, fresh, "--fail-on", "files:+9"}), 1);
  EXPECT_EQ(diff({base, fresh, "--fail-on", "files:+10"}), 0);
  EXPECT_EQ(diff({fresh, base, "--fail-on", "opens:-1%"}), 1);
}

TEST_F(DiffTest, LossesAreMarkedWhereTheyMatter) {
  BuildStory lossy{.has_config = false};
  lossy.loss = {format::LossCause::kQueueOverflow, 100, 1'000'000'000, 2'000'000'000};
  EXPECT_EQ(findings({}, lossy, 3), std::vector<std::string>{"gone /src/config.mk"});
  EXPECT_EQ(status_, 3);
  EXPECT_NE(out_.find("\"doubtful\":true"), std::string::npos) << out_;
  BuildStory more = lossy;
  more.has_config = true;
  more.extra_headers = 10;
  EXPECT_EQ(findings({}, more, 3), std::vector<std::string>{"new /opt/extra/include/**"});
  EXPECT_EQ(status_, 3);
  EXPECT_EQ(out_.find("doubtful"), std::string::npos) << "the new run lost, and it has more";
}

TEST_F(DiffTest, WithOneRunASideItSaysWhatWouldBeBetter) {
  diff({record({}), record({})});
  EXPECT_NE(notes_.find("one run a side"), std::string::npos) << notes_;
  EXPECT_NE(out_.find("no difference"), std::string::npos) << out_;
}

TEST_F(DiffTest, OneRunASideNamesWhatSeveralRunsWouldProve) {
  for (const auto& [story, wanted] : std::initializer_list<std::pair<BuildStory, std::string>>{
           {{.has_config = false}, "gone /src/config.mk"},
           {{.writes_config = true}, "more /src/config.mk"},
           {{.rereads = {{"/usr/include/part1.h", 30}}}, "more /usr/include/part1.h"}}) {
    only_clear_ = false;
    const auto found = findings({}, story, 1);
    EXPECT_TRUE(std::find(found.begin(), found.begin() + std::min<std::ptrdiff_t>(3, std::ssize(found)),
                          wanted) != found.end())
        << wanted << "\n"
        << out_;
  }
}

TEST_F(DiffTest, RecordingsOfOtherKindsAreComparedOnWhatBothHave) {
  format::TraceMeta opens_only;
  opens_only.hold = format::HoldMode::kNone;
  opens_only.event_kinds = 1U << static_cast<unsigned>(format::EventKind::kOpen);
  format::TraceMeta all;
  all.event_kinds = (1U << format::kEventKindLimit) - 1;
  EXPECT_EQ(diff({record({}, opens_only), record({.writes_config = true}, all)}), 0) << out_;
  EXPECT_EQ(out_.find("recorded differently: --hold: none; now open\n"), 0U) << out_;
  EXPECT_NE(out_.find("kinds of events: open; now "), std::string::npos) << out_;
  EXPECT_EQ(out_.find("config.mk"), std::string::npos) << out_;
}

TEST_F(DiffTest, RecordingsWithoutACommonKindCannotBeCompared) {
  format::TraceMeta opens;
  opens.event_kinds = 1U << static_cast<unsigned>(format::EventKind::kOpen);
  format::TraceMeta accesses;
  accesses.event_kinds = 1U << static_cast<unsigned>(format::EventKind::kAccess);
  EXPECT_EQ(diff({record({}, opens), record({}, accesses)}), 2);
  EXPECT_NE(notes_.find("no kind of event in common; kinds of events: open; now access"), std::string::npos)
      << notes_;
}

TEST_F(DiffTest, AnExplanationKeepsFiltersWindowsAndMaps) {
  const auto base = record({});
  const auto fresh = record({.extra_headers = 25});
  EXPECT_EQ(diff({base, fresh, "--map", "/opt/extra=/E", "--new-window", "50%..", "--explain", "1"}), 1);
  EXPECT_NE(out_.find("with the filters of this command line:\n"), std::string::npos) << out_;
  EXPECT_EQ(out_.find("18446744"), std::string::npos) << out_;
}

TEST_F(DiffTest, MarkdownFoldsWhatCouldBeNoise) {
  const auto base = record({});
  EXPECT_EQ(diff({base, record({.extra_headers = 25, .rereads = {{"/usr/include/part1.h", 1}}}), "--format",
                  "markdown"}),
            1);
  EXPECT_NE(out_.find("| 1 | `new` | 0 | "), std::string::npos) << out_;
  EXPECT_NE(out_.find("`/opt/extra/include/** "), std::string::npos) << out_;
  EXPECT_EQ(diff({base, base, "--sequence", "--format", "markdown"}), 2);
}

TEST_F(DiffTest, AnExplanationShowsTheEvidenceAndCommandsThatWork) {
  const auto base = record({});
  const auto fresh = record({.extra_headers = 25});
  EXPECT_EQ(diff({base, fresh, "--explain", "1"}), 1);
  EXPECT_NE(out_.find("base " + base + ": 0 events\n"), std::string::npos) << out_;
  EXPECT_NE(out_.find("new  " + fresh + ": 1,500 events, from "), std::string::npos) << out_;
  EXPECT_NE(out_.find("\n  /opt/extra/include/extra1.h\n"), std::string::npos) << out_;
  EXPECT_NE(out_.find("rfanreplay files '" + fresh + "' --path '/opt/extra/include/**'\n"), std::string::npos)
      << out_;
  EXPECT_EQ(diff({base, fresh, "--explain", "2"}), 2);
  EXPECT_NE(notes_.find("no line 2"), std::string::npos) << notes_;
  EXPECT_EQ(diff({base, fresh, "--explain", "1", "--sets"}), 2);
}

TEST_F(DiffTest, AGateSaysHowSureAFindingMustBe) {
  const auto base = record({});
  const auto few = record({.rereads = {{"/usr/include/part1.h", 4}}});
  EXPECT_EQ(diff({base, few}), 0) << out_;
  EXPECT_EQ(diff({base, few, "--fail-on", "clear"}), 0);
  EXPECT_EQ(diff({base, few, "--fail-on", "weak"}), 1);
  EXPECT_EQ(diff({base, few, "--fail-on", "count:+50%", "--fail-on", "weak"}), 1);
  EXPECT_EQ(diff({base, few, "--fail-on", "count:+50%"}), 0);
  EXPECT_EQ(diff({base, few, "--fail-on", "clear", "--by", "exe"}), 2);
}

TEST_F(DiffTest, ItNeverSaysNoDifferenceWhereSomethingDiffers) {
  const auto base = record({});
  const auto fresh = record({.rereads = {{"/usr/include/part1.h", 1}}});
  EXPECT_EQ(diff({base, fresh}), 0);
  EXPECT_EQ(out_.find("no difference"), std::string::npos) << out_;
  EXPECT_NE(out_.find("nothing clear; 1 difference is less sure"), std::string::npos) << out_;
  EXPECT_NE(out_.find("/usr/include/part1.h"), std::string::npos) << out_;
}

TEST_F(DiffTest, RulesThatFiredAreToldAndCanBeSwitchedOff) {
  const auto base = record({});
  const auto fresh = record({});
  EXPECT_EQ(diff({base, fresh, "-v"}), 0);
  EXPECT_NE(notes_.find("rule temp"), std::string::npos) << notes_;
  diff({base, fresh, "--no-fold", "temp"});
  EXPECT_NE(out_.find("other names than before"), std::string::npos) << out_;
}

TEST_F(DiffTest, MistakesAreUsageErrors) {
  for (const std::vector<std::string>& arguments : {std::vector<std::string>{"a"},
                                                    {"a", "b", "c"},
                                                    {"a", "--"},
                                                    {"a", "b", "--by", "color"},
                                                    {"a", "b", "--sets", "--sequence"},
                                                    {"a", "b", "--fail-on", "count"},
                                                    {"a", "b", "--fail-on", "size:+1"},
                                                    {"a", "b", "--map", "x=y"},
                                                    {"a", "b", "--no-fold", "x"},
                                                    {"a", "b", "--base-window", "+5s"}}) {
    EXPECT_EQ(diff(arguments), 2) << notes_;
  }
  EXPECT_EQ(diff({"/nowhere/a.fbz", "/nowhere/b.fbz"}), 2);
}

}  // namespace
}  // namespace rfan::replay
