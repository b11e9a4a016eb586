// Tests command lines: what is a usage error, and whether help, man page and parser name the same options.
#include <gtest/gtest.h>

#include <set>

#include "replay/program.h"
#include "replay/verb_table.h"
#include "tests/replay/sample_trace.h"
#include "tests/support/option_names.h"

namespace rfan::replay {
namespace {

using replay_test::run;
using tests::options_in;

std::string usage_error(const std::vector<std::string>& arguments) {
  const auto outcome = run(arguments);
  if (outcome.status != kExitUsage) return "";
  EXPECT_EQ(outcome.out, "");
  return outcome.notes.empty() ? "" : outcome.notes.front();
}

class Options : public testing::Test {
 protected:
  Options() { replay_test::write_sample_trace(trace_); }
  int status(std::vector<std::string> arguments) {
    for (auto& word : arguments) word = word == "T" ? trace_ : word;
    return run(arguments).status;
  }
  std::string out(std::vector<std::string> arguments) {
    for (auto& word : arguments) word = word == "T" ? trace_ : word;
    return run(arguments).out;
  }

  tests::ScratchDirectory scratch_;
  std::string trace_ = scratch_.file("t.fbz");
};

TEST_F(Options, TheVerbDefaultsToCat) {
  EXPECT_EQ(out({"T", "--utc"}), out({"cat", "T", "--utc"}));
  EXPECT_NE(out({"T"}), "");
}

TEST_F(Options, OptionsMayStandBeforeAndBehindTheTrace) {
  EXPECT_EQ(out({"cat", "--exe", "vim", "T"}), out({"cat", "T", "--exe=vim"}));
  EXPECT_EQ(out({"--exe", "vim", "--exe", "!vi*", "T"}), "");
}

TEST_F(Options, ValuesAreTakenAsTheyAre) {
  for (const auto* value : {"[ab]", "[a-z]*[ch]", "a,b", "%x", "a b"}) {
    EXPECT_EQ(status({"T", "--path", value}), kExitClean) << value;
  }
  EXPECT_EQ(status({"T", "--path=-x", "--since", "+5s"}), kExitClean);
}

TEST_F(Options, AFileNamedLikeAVerbIsWrittenWithADot) {
  EXPECT_NE(usage_error({"info"}).find("./info"), std::string::npos);
  EXPECT_EQ(status({"./info"}), kExitError);
}

TEST_F(Options, UsageErrorsNameTheirCause) {
  const std::pair<std::vector<std::string>, const char*> rows[] = {
      {{}, "no trace"},
      {{"cat", "-", "-"}, "standard input"},
      {{"t", "--nonsense"}, "--nonsense"},
      {{"t", "--exe"}, "--exe"},
      {{"t", "--exe", ""}, "--exe"},
      {{"t", "--format", "json"}, "jsonl"},
      {{"info", "t", "--format", "jsonl"}, "json"},
      {{"info", "t", "--exe", "vim"}, "--exe"},
      {{"t", "--kind", "reed"}, "close_write"},
      {{"t", "--since", "noon"}, "HH:MM"},
      {{"t", "--verdict", "maybe"}, "allow"},
      {{"t", "--user", "no such user"}, "number"},
      {{"t", "--threads", "0"}, "--threads"},
      {{"t", "-F", "colour"}, "latency"},
      {{"t", "--top", "3"}, "--sort"},
      {{"t", "--sort", "size"}, "latency"},
      {{"report", "t", "--by", "size"}, "exe"},
      {{"report", "t", "--by", "exe,exe"}, "twice"},
      {{"report", "t", "--sort", "size"}, "reopens"},
      {{"report", "t", "--depth", "2"}, "--by dir"},
      {{"files", "t", "-0", "--format", "csv"}, "-0"},
      {{"hist", "t", "--rows", "0"}, "--rows"},
  };
  for (const auto& [arguments, says] : rows) {
    const auto error = usage_error(arguments);
    EXPECT_NE(error.find(says), std::string::npos) << says << ": " << error;
  }
}

std::set<std::string> options_in_all_helps() {
  auto found = options_in(help_text(""));
  for (const auto* verb : verbs()) found.merge(options_in(help_text(verb->name)));
  return found;
}

TEST(Help, NamesTheSameOptionsAsTheManPage) {
  EXPECT_EQ(options_in_all_helps(), options_in(replay_test::read_file(RFANREPLAY_MAN_PAGE)));
}

TEST(Help, ExamplesUseOptionsThatThereAre) {
  for (const auto* verb : verbs()) {
    auto own = verb->make();
    TypedOptions typed;
    const auto defined = options_in(command_line::option_help(options_of(*verb, *own, typed)));
    for (const auto& option : options_in(std::string(verb->about)))
      EXPECT_TRUE(defined.contains(option)) << verb->name << ' ' << option;
  }
}

TEST(Help, TheManPageNamesEveryVerb) {
  const auto man = replay_test::read_file(RFANREPLAY_MAN_PAGE);
  for (const auto* verb : verbs()) {
    EXPECT_NE(man.find("\n.SS " + std::string(verb->name) + "\n"), std::string::npos) << verb->name;
  }
}

TEST(Help, NeedsNoTrace) {
  for (const auto& arguments :
       {std::vector<std::string>{"--help"}, {"-h"}, {"report", "--help"}, {"--version"}}) {
    const auto outcome = run(arguments);
    EXPECT_EQ(outcome.status, kExitClean);
    EXPECT_NE(outcome.out, "");
  }
  EXPECT_EQ(run({"report", "-h"}).out, help_text("report"));
}

TEST(Help, FitsATerminalOf120Columns) {
  for (const auto* verb : verbs()) {
    const auto help = help_text(verb->name);
    for (std::string_view text = help; !text.empty();) {
      const auto end = text.find('\n');
      EXPECT_LE(end, 118U) << text.substr(0, end);
      text.remove_prefix(end + 1);
    }
  }
}

}  // namespace
}  // namespace rfan::replay
