#include "recorder/options.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "tests/support/option_names.h"

namespace rfan::recorder {
namespace {

using std::chrono::milliseconds;
using Words = std::vector<std::string>;

ParsedOptions parse(const Words& arguments) {
  std::vector<const char*> argv{"rfanrec"};
  for (const auto& word : arguments) argv.push_back(word.c_str());
  const int argc = static_cast<int>(argv.size());
  argv.push_back(nullptr);
  return parse_options(argc, argv.data());
}

Options good(const Words& arguments) {
  auto parsed = parse(arguments);
  EXPECT_TRUE(parsed.options) << parsed.text;
  EXPECT_EQ(parsed.exit_status, 0);
  return parsed.options.value_or(Options{});
}

void expect_usage_error(const Words& arguments, const std::string& mentions) {
  const auto parsed = parse(arguments);
  EXPECT_FALSE(parsed.options) << mentions;
  EXPECT_EQ(parsed.exit_status, 2) << mentions;
  EXPECT_TRUE(parsed.text.ends_with("; try rfanrec --help")) << parsed.text;
  EXPECT_NE(parsed.text.find(mentions), std::string::npos) << parsed.text;
}

TEST(Options, AWrongNumberIsAnsweredInOneShortLine) {
  for (const auto* option :
       {"--pid", "--cpu", "--keep-files", "--duration", "--max-stall", "--flush-interval",
        "--time-resolution", "--rotate-size", "--rotate-time", "--keep-size", "--keep-age"}) {
    for (const auto* value :
         {"-5", "1x", "", "99999999999999999999999999", "1e400", "nan", "0x7", " 7", "-0.5"}) {
      const auto parsed = parse({option, value});
      EXPECT_EQ(parsed.exit_status, 2) << option << "=" << value;
      EXPECT_LT(parsed.text.size(), 160U) << parsed.text;
    }
  }
  for (const auto* option : {"--pid", "--keep-files", "--duration", "--max-stall"})
    expect_usage_error({option, "0"}, "");
  for (const auto* option : {"--pid", "--cpu"})
    expect_usage_error({option, "4294967297"}, "4294967297 is too large, 2147483647 is the most");
  expect_usage_error({"--pid", "0"}, "--pid: needs a whole number of 1 or more, not '0'");
}

TEST(Options, AStatusLineThatIsWantedIsNotQuiet) {
  EXPECT_TRUE(good({"--status"}).status);
  expect_usage_error({"--status", "-q"}, "--quiet and --status exclude each other");
}

TEST(Options, NothingGivenLeavesTheDefaults) {
  const auto options = good({});
  EXPECT_EQ(options.output, "trace.fbz");
  EXPECT_EQ(options.cpu, -1);
  EXPECT_FALSE(options.quiet);
  EXPECT_FALSE(options.duration);
  EXPECT_TRUE(options.paths.empty());
  EXPECT_TRUE(options.command.empty());
}

TEST(Options, KeepsTheCommandLineAsGiven) {
  EXPECT_EQ(good({"-q", "/home", "--", "ls", "-l"}).words,
            (Words{"rfanrec", "-q", "/home", "--", "ls", "-l"}));
}

TEST(Options, OutputHasEveryUsualForm) {
  for (const auto& form : {Words{"-o", "a.fbz"}, {"-oa.fbz"}, {"--output", "a.fbz"}, {"--output=a.fbz"}})
    EXPECT_EQ(good(form).output, "a.fbz") << form[0];
}

TEST(Options, DashIsStandardOutput) {
  EXPECT_EQ(good({"-o", "-"}).output, "-");
  EXPECT_EQ(good({"-o-", "/"}).output, "-");
}

TEST(Options, QuietHasTwoForms) {
  EXPECT_TRUE(good({"-q"}).quiet);
  EXPECT_TRUE(good({"--quiet"}).quiet);
}

TEST(Options, TakesACpu) {
  EXPECT_EQ(good({"--cpu", "3"}).cpu, 3);
  EXPECT_EQ(good({"--cpu=0"}).cpu, 0);
}

TEST(Options, TheQueueOfTheKernelIsUnlimitedUnlessAsked) {
  EXPECT_EQ(good({}).kernel_queue, KernelQueue::kUnlimited);
  EXPECT_EQ(good({"--kernel-queue", "default"}).kernel_queue, KernelQueue::kDefault);
  expect_usage_error({"--kernel-queue", "5"}, "--kernel-queue");
}

TEST(Options, DeniesWhatTheNamedProcessesOpen) {
  EXPECT_TRUE(good({}).deny.empty());
  EXPECT_TRUE(good({"--deny", "*.db", "--", "server"}).deny.matches("/data/x.db"));
  for (const auto& scope : {Words{"--pid", "7"}, {"--exe", "server"}, {"--user", "0"}, {"--cgroup", "x"}}) {
    Words words{"--deny", "a", "--deny-errno", "EIO"};
    words.insert(words.end(), scope.begin(), scope.end());
    EXPECT_EQ(good(words).deny.error(), EIO) << scope[0];
  }
}

TEST(Options, DenyingEverybodyIsRefused) {
  expect_usage_error({"--deny", "*.db", "/"}, "would hit every process");
  expect_usage_error({"--deny", "*.db", "--exe", "!sshd", "/"}, "would hit every process");
}

TEST(Options, DenyingWhatDoesNotWaitIsRefused) {
  expect_usage_error({"--deny", "*.db", "--hold", "none", "--", "server"}, "events that wait");
  expect_usage_error({"--deny", "*.db", "--hold", "exec", "--events", "open", "--", "x"}, "events that wait");
}

TEST(Options, GlobsThatMatchNoAbsolutePathAreNoted) {
  EXPECT_EQ(good({"--path", "/src/*.h", "--exe", "vim", "/"}).notes.size(), 0U);
  for (const auto* option : {"--path", "--exe", "--cgroup"})
    EXPECT_EQ(good({option, "src/*.h", "/"}).notes.size(), 1U) << option;
  EXPECT_EQ(good({"--deny", "src/*.h", "--", "make"}).notes.size(), 1U);
}

TEST(Options, TakesADuration) {
  EXPECT_EQ(good({"--duration", "1.5s"}).duration, milliseconds(1500));
  EXPECT_EQ(good({"--duration=2m"}).duration, milliseconds(120'000));
}

TEST(Options, PathsKeepTheirOrderBetweenOptions) {
  EXPECT_EQ(good({"/usr", "-q", "/home", "-o", "x", "."}).paths, (Words{"/usr", "/home", "."}));
}

TEST(Options, PathsAreTakenWordForWord) {
  for (const std::string path : {"[a]", "[a,b]", "a,b", "{x}", "with space", "\xff", "a=b", "%"})
    EXPECT_EQ(good({path}).paths, Words{path}) << path;
}

TEST(Options, EverythingBehindTheDashesIsTheCommand) {
  const auto options = good({"-o", "x", "/usr", "--", "make", "-o", "y", "--", "--help", "-q"});
  EXPECT_EQ(options.command, (Words{"make", "-o", "y", "--", "--help", "-q"}));
  EXPECT_EQ(options.paths, Words{"/usr"});
  EXPECT_EQ(options.output, "x");
  EXPECT_FALSE(options.quiet);
}

TEST(Options, CommandAloneNeedsNoPath) {
  const auto options = good({"--", "true"});
  EXPECT_EQ(options.command, Words{"true"});
  EXPECT_TRUE(options.paths.empty());
}

TEST(Options, EmptyArgumentsOfTheCommandStay) {
  EXPECT_EQ(good({"--", "printf", "", "x"}).command, (Words{"printf", "", "x"}));
}

TEST(Options, DashesWithoutACommandAreAnError) {
  expect_usage_error({"/", "--"}, "command must follow");
}

TEST(Options, HelpNamesEveryOptionAndSucceeds) {
  for (const std::string form : {"--help", "-h"}) {
    const auto parsed = parse({form});
    EXPECT_FALSE(parsed.options);
    EXPECT_EQ(parsed.exit_status, 0);
    for (const auto* word :
         {"Usage: rfanrec", "--output", "--duration", "--cpu", "--quiet", "--version", "PATH"})
      EXPECT_NE(parsed.text.find(word), std::string::npos) << word;
  }
}

TEST(Options, HelpNamesTheSameOptionsAsTheManPage) {
  std::ifstream file(RFANREC_MAN_PAGE);
  const std::string man((std::istreambuf_iterator<char>(file)), {});
  EXPECT_EQ(tests::options_in(parse({"--help"}).text), tests::options_in(man));
}

TEST(Options, VersionIsOneLine) {
  const auto parsed = parse({"--version"});
  EXPECT_EQ(parsed.exit_status, 0);
  EXPECT_TRUE(parsed.text.starts_with("rfanrec ")) << parsed.text;
  EXPECT_EQ(parsed.text.find('\n'), parsed.text.size() - 1);
}

TEST(Options, MistakesAreUsageErrorsThatNameTheWord) {
  expect_usage_error({"--colour"}, "--colour");
  expect_usage_error({"-z"}, "-z");
  expect_usage_error({"-o"}, "--output");
  expect_usage_error({"--cpu", "two"}, "two");
  expect_usage_error({"--cpu", "-1"}, "--cpu");
  expect_usage_error({"--cpu"}, "--cpu");
  expect_usage_error({"--duration", "soon"}, "soon");
  expect_usage_error({"--duration", ""}, "duration");
  expect_usage_error({"-o", "a", "-o", "b"}, "--output");
}

TEST(ParseMilliseconds, LessThanAMillisecondIsRefusedWithARemedy) {
  for (const std::string text : {"0", "0s", "0.1ms", "0.0001s", "", "abc"}) {
    const auto parsed = parse_milliseconds(text);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_FALSE(parsed.error().hint.empty()) << text;
  }
  EXPECT_EQ(*parse_milliseconds("1.5s"), milliseconds(1500));
}

TEST(Options, RotationIsReadWithItsUnits) {
  const auto rotation = good({"--rotate-size", "256M", "--rotate-time", "10m", "--keep-files", "3",
                              "--keep-size", "10G", "--keep-age", "7d", "--when-full", "drop-oldest"})
                            .rotation;
  EXPECT_EQ(rotation.file_bytes, 256ULL << 20);
  EXPECT_EQ(rotation.file_time, std::chrono::minutes(10));
  EXPECT_EQ(rotation.keep_files, 3U);
  EXPECT_EQ(rotation.keep_bytes, 10ULL << 30);
  EXPECT_EQ(rotation.keep_age, std::chrono::hours(7 * 24));
  EXPECT_TRUE(rotation.drop_when_full);
}

TEST(Options, WhatIsKeptNeedsARotation) {
  expect_usage_error({"--keep-files", "3"}, "--rotate-size");
  expect_usage_error({"--when-full", "drop-oldest"}, "--rotate-size");
}

TEST(Options, StandardOutputCannotBeRotated) {
  expect_usage_error({"-o", "-", "--rotate-size", "1M"}, "standard output");
}

TEST(Options, FlushIntervalAndTimeResolution) {
  const auto options = good({"--flush-interval", "50ms", "--time-resolution", "100ns", "--sync"});
  EXPECT_EQ(options.flush_interval, milliseconds(50));
  EXPECT_EQ(options.time_resolution_ns, 100U);
  EXPECT_TRUE(options.sync);
  expect_usage_error({"--flush-interval", "1ms"}, "10ms");
  expect_usage_error({"--time-resolution", "2h"}, "time resolution");
}

}  // namespace
}  // namespace rfan::recorder
