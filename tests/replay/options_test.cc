#include "replay/options.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "tests/replay/sample_trace.h"

namespace rfan::replay {
namespace {

std::string usage_error(const std::vector<std::string>& arguments) {
  const auto options = parse_options(arguments);
  return options.ok() ? "" : options.error().message();
}

TEST(Options, TheVerbDefaultsToCat) {
  const auto options = parse_options({"trace.fbz"});
  ASSERT_TRUE(options.ok());
  EXPECT_EQ(options.value().verb, Verb::kCat);
  EXPECT_EQ(options.value().trace, "trace.fbz");
  EXPECT_EQ(parse_options({"cat", "trace.fbz"}).value().trace, "trace.fbz");
  EXPECT_EQ(parse_options({"info", "trace.fbz"}).value().verb, Verb::kInfo);
}

TEST(Options, OptionsMayStandAnywhere) {
  const auto options = parse_options({"--utc", "info", "--format=json", "trace.fbz"});
  ASSERT_TRUE(options.ok()) << options.error().message();
  EXPECT_EQ(options.value().trace, "trace.fbz");
  EXPECT_EQ(options.value().format, OutputFormat::kJson);
}

TEST(Options, AFilterTakesOneValueAndLeavesTheTrace) {
  const auto options = parse_options({"--exe", "vim", "--exe", "!vi*", "trace.fbz"});
  ASSERT_TRUE(options.ok()) << options.error().message();
  EXPECT_EQ(options.value().trace, "trace.fbz");
  EXPECT_EQ(options.value().filter.exe.any.size(), 1U);
  EXPECT_EQ(options.value().filter.exe.none.size(), 1U);
}

TEST(Options, ValuesAreTakenAsTheyAre) {
  for (const auto* value : {"[ab]", "[a-z]*[ch]", "a,b", "%x", "a b"}) {
    const auto options = parse_options({"t", "--path", value});
    ASSERT_TRUE(options.ok()) << value << options.error().message();
    EXPECT_EQ(options.value().filter.path.any.size(), 1U) << value;
  }
  EXPECT_TRUE(parse_options({"t", "--path=-x", "--since", "+5s"}).ok());
}

TEST(Options, StandardInputAndFilesNamedLikeVerbs) {
  EXPECT_EQ(parse_options({"-"}).value().trace, "-");
  EXPECT_EQ(parse_options({"info", "-"}).value().trace, "-");
  EXPECT_EQ(parse_options({"./info"}).value().trace, "./info");
  EXPECT_EQ(parse_options({"info", "info"}).value().trace, "info");
  EXPECT_EQ(parse_options({"[t]"}).value().trace, "[t]");
}

TEST(Options, HelpAndVersionNeedNoTrace) {
  EXPECT_EQ(parse_options({"--help"}).value().verb, Verb::kHelp);
  EXPECT_EQ(parse_options({"-h"}).value().verb, Verb::kHelp);
  EXPECT_EQ(parse_options({"--version"}).value().verb, Verb::kVersion);
}

TEST(Options, UsageErrorsNameTheirCause) {
  EXPECT_NE(usage_error({}).find("no trace"), std::string::npos);
  EXPECT_NE(usage_error({"info"}).find("./info"), std::string::npos);
  EXPECT_NE(usage_error({"show", "t"}).find("unknown verb"), std::string::npos);
  EXPECT_NE(usage_error({"cat", "t", "u"}), "");
  EXPECT_NE(usage_error({"t", "--nonsense"}).find("--nonsense"), std::string::npos);
  EXPECT_NE(usage_error({"t", "--exe"}).find("--exe"), std::string::npos);
  EXPECT_NE(usage_error({"t", "--exe", ""}).find("--exe"), std::string::npos);
  EXPECT_NE(usage_error({"t", "--format", "csv"}).find("jsonl"), std::string::npos);
  EXPECT_NE(usage_error({"t", "--format", "json"}).find("jsonl"), std::string::npos);
  EXPECT_NE(usage_error({"info", "t", "--format", "jsonl"}).find("json"), std::string::npos);
  EXPECT_NE(usage_error({"info", "t", "--exe", "vim"}).find("no filters"), std::string::npos);
  EXPECT_NE(usage_error({"t", "--kind", "reed"}).find("close_write"), std::string::npos);
  EXPECT_NE(usage_error({"t", "--since", "noon"}).find("HH:MM"), std::string::npos);
}

// The long options that `text` mentions.
std::set<std::string> options_in(std::string_view text) {
  std::set<std::string> found;
  for (auto at = text.find("--"); at != text.npos; at = text.find("--", at)) {
    const auto end = text.find_first_not_of("abcdefghijklmnopqrstuvwxyz", at += 2);
    if (end != at) found.emplace(text.substr(at, end - at));
  }
  return found;
}

TEST(Help, NamesTheSameOptionsAsTheManPage) {
  auto man = replay_test::read_file(RFANREPLAY_MAN_PAGE);
  man.erase(std::remove(man.begin(), man.end(), '\\'), man.end());
  EXPECT_EQ(options_in(help_text()), options_in(man));
}

TEST(Help, NamesTheOptionsThatAreParsed) {
  const std::set<std::string> flags{"reltime", "utc", "help", "version"};
  const auto named = options_in(help_text());
  EXPECT_EQ(named.size(), 12U);
  for (const auto& option : named) {
    auto arguments = std::vector<std::string>{"t", "--" + option};
    if (!flags.contains(option)) arguments.emplace_back("@");
    EXPECT_EQ(usage_error(arguments).find("not expected"), std::string::npos) << option;
  }
}

TEST(Help, FitsATerminalOf120Columns) {
  auto text = help_text();
  while (!text.empty()) {
    const auto end = text.find('\n');
    EXPECT_LE(end, 118U) << text.substr(0, end);
    text.remove_prefix(end + 1);
  }
}

}  // namespace
}  // namespace rfan::replay
