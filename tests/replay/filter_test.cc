#include "replay/query/filter.h"

#include <gtest/gtest.h>

#include "replay/query/filter_parser.h"
#include "tests/support/hand_made_dictionary.h"

namespace rfan::replay {
namespace {

using format::Event;
using format::EventKind;

constexpr std::uint64_t kSecond = 1'000'000'000;

// Selects from a handful of events over a dictionary built by hand, with filter arguments as on the command
// line.
class FilterTest : public testing::Test {
 protected:
  FilterTest() {
    const auto vim = dictionary_.add_path("/usr/bin/vim.basic");
    const auto bash = dictionary_.add_path("/usr/bin/bash");
    process("vim", 10, vim);
    process("bash", 11, bash);
    process("build.sh", 12, bash, bash_);
    process("ghost", 13, 0, script_);
    hosts_ = dictionary_.add_path("/etc/hosts");
    header_ = dictionary_.add_path("/usr/include/stdio.h");
    using format::kFlagDenied;
    using format::kFlagHeld;
    add({0, EventKind::kOpen, kFlagHeld, vim_, hosts_, 0, 2'000'000});                     // 0
    add({1 * kSecond, EventKind::kExec, kFlagHeld | kFlagDenied, bash_, bash, 0, 5'000});  // 1
    add({2 * kSecond, EventKind::kOpen, 0, script_, header_, 0, 0});                       // 2
    add({3 * kSecond, EventKind::kRename, 0, vim_, hosts_, header_, 0});                   // 3
    add({4 * kSecond, EventKind::kOpen, 0, 0, hosts_, 0, 0});    // 4: unknown process
    add({5 * kSecond, EventKind::kDelete, 0, ghost_, 0, 0, 0});  // 5: unknown path and exe
    clocks_.push_back({0, 100 * kSecond, 0});
    timeline_.refresh(0);
  }

  void process(std::string comm, std::uint32_t pid, format::PathId exe, format::ProcessId parent = 0) {
    format::Process process;
    process.pid = pid;
    process.ppid = parent == 0 ? 1 : dictionary_.process(parent).pid;
    process.parent = parent;
    process.uid = 1000 + pid;
    process.cgroup = "/user.slice/" + comm + ".scope";
    process.cmdline = comm + std::string("\0-x\0", 4);
    process.comm = std::move(comm);
    process.exe = exe;
    dictionary_.add_process(process);
  }

  void add(const Event& event) {
    events_.time_ns.push_back(event.time_ns);
    events_.kind.push_back(event.kind);
    events_.flags.push_back(event.flags);
    events_.process.push_back(event.process);
    events_.path.push_back(event.path);
    events_.path2.push_back(event.path2);
    events_.reply_ns.push_back(event.reply_ns);
    ++events_.count;
  }

  std::vector<std::uint32_t> rows(const FilterArguments& arguments) {
    auto spec = parse_filter(arguments, true);
    EXPECT_TRUE(spec.ok()) << spec.error().message();
    Filter filter(std::move(spec).value());
    filter.extend(dictionary_);
    return rows_of(filter);
  }
  std::vector<std::uint32_t> where(const std::string& expression) { return rows({.where = {expression}}); }

  std::vector<std::uint32_t> rows_of(const Filter& filter) {
    Selection selection;
    filter.select(events_, timeline_, selection);
    for (std::uint32_t row = 0; selection.all && row < events_.count; ++row) selection.rows.push_back(row);
    return selection.rows;
  }

  using Rows = std::vector<std::uint32_t>;
  static constexpr format::ProcessId vim_ = 1, bash_ = 2, script_ = 3, ghost_ = 4;
  format::PathId hosts_ = 0, header_ = 0;
  tests::HandMadeDictionary dictionary_;
  format::EventColumns events_;
  std::vector<format::ClockSample> clocks_;
  Timeline timeline_{clocks_};
};

TEST_F(FilterTest, WithoutFiltersEverythingMatches) {
  EXPECT_EQ(rows({}), (Rows{0, 1, 2, 3, 4, 5}));
}

TEST_F(FilterTest, ExeFindsBaseNameOrComm) {
  EXPECT_EQ(rows({.exe = {"vim"}}), (Rows{0, 3}));
  EXPECT_EQ(rows({.exe = {"vim.basic"}}), (Rows{0, 3}));
  EXPECT_EQ(rows({.exe = {"bash"}}), (Rows{1, 2}));
  EXPECT_EQ(rows({.exe = {"build.sh"}}), (Rows{2}));
  EXPECT_EQ(rows({.exe = {"/usr/bin/vim.basic"}}), (Rows{0, 3}));
  EXPECT_EQ(rows({.exe = {"/usr/bin/vim"}}), (Rows{}));
  EXPECT_EQ(rows({.exe = {"ghost"}}), (Rows{5}));
}

TEST_F(FilterTest, CommLooksAtTheCommAlone) {
  EXPECT_EQ(rows({.comm = {"bash"}}), (Rows{1}));
  EXPECT_EQ(rows({.comm = {"vim.basic"}}), (Rows{}));
}

TEST_F(FilterTest, ValuesOfOneKeyAreAlternatives) {
  EXPECT_EQ(rows({.pid = {"10", "11"}}), (Rows{0, 1, 3}));
  EXPECT_EQ(rows({.kind = {"exec", "delete"}}), (Rows{1, 5}));
  EXPECT_EQ(rows({.kind = {"exec,delete"}}), (Rows{1, 5}));
}

TEST_F(FilterTest, KeysAreAndedTogether) {
  EXPECT_EQ(rows({.exe = {"vim"}, .kind = {"open"}}), (Rows{0}));
}

TEST_F(FilterTest, NegatedValuesMustAllFail) {
  EXPECT_EQ(rows({.pid = {"!10", "!11"}}), (Rows{2, 4, 5}));
  EXPECT_EQ(rows({.kind = {"!open,exec"}}), (Rows{3, 5}));
  EXPECT_EQ(rows({.exe = {"bash", "!build.sh"}}), (Rows{1}));
}

TEST_F(FilterTest, EitherPathOfARenameMatches) {
  EXPECT_EQ(rows({.path = {"*.h"}}), (Rows{2, 3}));
  EXPECT_EQ(rows({.path = {"hosts"}}), (Rows{0, 3, 4}));
  EXPECT_EQ(rows({.path = {"hosts", "!*.h"}}), (Rows{0, 4}));
  EXPECT_EQ(rows({.path = {"/usr/"}}), (Rows{1, 2, 3}));
}

TEST_F(FilterTest, UnknownProcessAndPathMatchOnlyNegations) {
  EXPECT_EQ(rows({.path = {"**"}}), (Rows{0, 1, 2, 3, 4}));
  EXPECT_EQ(rows({.path = {"!hosts"}}), (Rows{1, 2, 5}));
  EXPECT_EQ(rows({.exe = {"*"}}), (Rows{0, 1, 2, 3, 5}));
  EXPECT_EQ(rows({.exe = {"!vim"}}), (Rows{1, 2, 4, 5}));
}

TEST_F(FilterTest, SinceIsInclusiveAndUntilExclusive) {
  EXPECT_EQ(rows({.since = {"+2s"}, .until = {"+4s"}}), (Rows{2, 3}));
  EXPECT_EQ(rows({.since = {"@102"}, .until = {"@104"}}), (Rows{2, 3}));
  EXPECT_EQ(rows({.since = {"00:01:42"}, .until = {"1970-01-01 00:01:44"}}), (Rows{2, 3}));
}

TEST_F(FilterTest, TimesAreRepeatedAndNegatedLikeTheRest) {
  EXPECT_EQ(rows({.since = {"+4s", "+2s"}}), (Rows{2, 3, 4, 5}));
  EXPECT_EQ(rows({.until = {"+1s", "+2s"}}), (Rows{0, 1}));
  EXPECT_EQ(rows({.since = {"!+2s"}}), (Rows{0, 1}));
  EXPECT_EQ(rows({.until = {"!+4s"}}), (Rows{4, 5}));
}

TEST_F(FilterTest, AStepOfTheWallClockMovesDatesButNotRelativeTimes) {
  clocks_.push_back({3 * kSecond, 1000 * kSecond, 0});
  timeline_.refresh(0);
  EXPECT_EQ(rows({.since = {"@1000"}}), (Rows{3, 4, 5}));
  EXPECT_EQ(rows({.since = {"@102"}, .until = {"@1001"}}), (Rows{2, 3}));
  EXPECT_EQ(rows({.since = {"+4s"}}), (Rows{4, 5}));
}

TEST_F(FilterTest, TreeTakesDescendantsToo) {
  EXPECT_EQ(rows({.tree = {"11"}}), (Rows{1, 2, 5}));
  EXPECT_EQ(rows({.tree = {"!11"}}), (Rows{0, 3, 4}));
  EXPECT_EQ(rows({.tree = {"1"}}), (Rows{0, 1, 2, 3, 5}));  // a parent without an entry of its own
}

TEST_F(FilterTest, UserCgroupLatencyAndVerdict) {
  EXPECT_EQ(rows({.user = {"1010"}}), (Rows{0, 3}));
  EXPECT_EQ(rows({.cgroup = {"bash.scope"}}), (Rows{1}));
  EXPECT_EQ(rows({.cgroup = {"/user.slice/"}}), (Rows{0, 1, 2, 3, 5}));
  EXPECT_EQ(rows({.min_latency = {"1ms"}}), (Rows{0}));
  EXPECT_EQ(rows({.min_latency = {"!1ms"}}), (Rows{1, 2, 3, 4, 5}));
  EXPECT_EQ(rows({.verdict = {"allow"}}), (Rows{0}));
  EXPECT_EQ(rows({.verdict = {"deny"}}), (Rows{1}));
  EXPECT_EQ(rows({.verdict = {"none"}}), (Rows{2, 3, 4, 5}));
}

TEST_F(FilterTest, PercentagesAreOfTheTimeBetweenFirstAndLastEvent) {
  timeline_.set_extent(0, 5 * kSecond);
  EXPECT_EQ(rows({.since = {"40%"}, .until = {"80%"}}), (Rows{2, 3}));
  EXPECT_EQ(rows({.until = {"100%"}}), (Rows{0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(rows({.since = {"100%"}}), (Rows{}));
}

TEST_F(FilterTest, WhereComparesEveryField) {
  EXPECT_EQ(where("exe ~ vim"), (Rows{0, 3}));
  EXPECT_EQ(where("exe == /usr/bin/bash"), (Rows{1, 2}));
  EXPECT_EQ(where("exe =~ 'b[a-z]sh$'"), (Rows{1, 2}));
  EXPECT_EQ(where("comm == bash"), (Rows{1}));
  EXPECT_EQ(where("cmdline =~ \"build.* -x$\""), (Rows{2}));
  EXPECT_EQ(where("pid >= 11 and pid < 13"), (Rows{1, 2}));
  EXPECT_EQ(where("ppid == 11 or uid = 1010"), (Rows{0, 2, 3}));
  EXPECT_EQ(where("path2 ~ *.h"), (Rows{3}));
  EXPECT_EQ(where("path ~ *.h"), (Rows{2, 3}));
  EXPECT_EQ(where("kind == open,exec"), (Rows{0, 1, 2, 4}));
  EXPECT_EQ(where("latency > 1ms"), (Rows{0}));
  EXPECT_EQ(where("latency <= 5us"), (Rows{1}));
  EXPECT_EQ(where("verdict == deny"), (Rows{1}));
  EXPECT_EQ(where("time >= +2s and time < +4s"), (Rows{2, 3}));
  EXPECT_EQ(where("held"), (Rows{0, 1}));
  EXPECT_EQ(where("not held and not deleted"), (Rows{2, 3, 4, 5}));
}

TEST_F(FilterTest, WhereNegationsKeepTheUnknown) {
  EXPECT_EQ(where("exe !~ vim"), rows({.exe = {"!vim"}}));
  EXPECT_EQ(where("pid != 10"), rows({.pid = {"!10"}}));
  EXPECT_EQ(where("path != /etc/hosts"), rows({.path = {"!/etc/hosts"}}));
}

TEST_F(FilterTest, OptionsSelectTheSameAsTheirFields) {
  EXPECT_EQ(rows({.exe = {"b*"}}), where("exe ~ b*"));
  EXPECT_EQ(rows({.comm = {"!b*"}}), where("comm !~ b*"));
  EXPECT_EQ(rows({.pid = {"10", "13"}}), where("pid == 10 or pid == 13"));
  EXPECT_EQ(rows({.user = {"!1010"}}), where("user != 1010"));
  EXPECT_EQ(rows({.cgroup = {"*.scope", "!vim.scope"}}), where("cgroup ~ *.scope and cgroup !~ vim.scope"));
  EXPECT_EQ(rows({.path = {"*.h", "bash"}}), where("path ~ *.h or path ~ bash"));
  EXPECT_EQ(rows({.kind = {"open,exec", "!exec"}}), where("kind == open,exec and kind != exec"));
  EXPECT_EQ(rows({.min_latency = {"2ms", "!1s"}}), where("latency >= 2ms and not latency >= 1s"));
  EXPECT_EQ(rows({.verdict = {"deny", "none"}}), where("verdict == deny or verdict == none"));
  EXPECT_EQ(rows({.since = {"+1s"}, .until = {"+3s"}}), where("time >= +1s and time < +3s"));
}

TEST_F(FilterTest, TestsOfProcessesAreOneHoweverManyOptionsGiveThem) {
  const auto all = rows({.exe = {"bash", "!x"}, .comm = {"b*"}, .pid = {"11", "12"}, .tree = {"11"}});
  EXPECT_EQ(all, (Rows{1, 2}));
  const auto condition = parse_filter({.exe = {"bash", "!x"}, .comm = {"b*"}, .tree = {"11"}}, true).value();
  EXPECT_TRUE(std::holds_alternative<ProcessTest>(condition->test));
}

TEST_F(FilterTest, WhereBindsNotBeforeAndBeforeOr) {
  EXPECT_EQ(where("kind == exec or kind == open and pid == 10"), (Rows{0, 1}));
  EXPECT_EQ(where("(kind == exec or kind == open) and pid == 10"), (Rows{0}));
  EXPECT_EQ(where("not kind == open and pid == 10"), (Rows{3}));
  EXPECT_EQ(where("not (kind == open and pid == 10)"), (Rows{1, 2, 3, 4, 5}));
}

TEST_F(FilterTest, FollowsAGrowingDictionary) {
  auto spec = parse_filter({.exe = {"late"}, .path = {"late.txt"}}, true);
  Filter filter(std::move(spec).value());
  filter.extend(dictionary_);
  process("late", 99, 0);
  const auto path = dictionary_.add_path("/tmp/late.txt");
  filter.extend(dictionary_);
  add({6 * kSecond, EventKind::kOpen, 0, 5, path, 0, 0});
  EXPECT_EQ(rows_of(filter), (Rows{6}));
}

TEST_F(FilterTest, StatisticsRuleOutKindsProcessesAndTimes) {
  format::BlockStatistics statistics;
  statistics.totals.by_kind[static_cast<std::size_t>(EventKind::kOpen)] = 3;
  statistics.totals.first_ns = 10 * kSecond;
  statistics.totals.last_ns = 20 * kSecond;
  statistics.processes = {vim_};
  const auto may_match = [&](const FilterArguments& arguments) {
    Filter filter(parse_filter(arguments, true).value());
    filter.extend(dictionary_);
    return filter.judge(statistics, timeline_) != Share::kNone;
  };
  EXPECT_TRUE(may_match({}));
  EXPECT_TRUE(may_match({.kind = {"open"}}));
  EXPECT_FALSE(may_match({.kind = {"exec"}}));
  EXPECT_TRUE(may_match({.exe = {"vim"}}));
  EXPECT_FALSE(may_match({.exe = {"bash"}}));
  EXPECT_TRUE(may_match({.since = {"+20s"}}));
  EXPECT_FALSE(may_match({.since = {"+20.000001s"}}));
  EXPECT_FALSE(may_match({.until = {"+10s"}}));
  EXPECT_TRUE(may_match({.until = {"+10.000001s"}}));
  statistics.processes.reset();
  EXPECT_TRUE(may_match({.exe = {"bash"}}));
}

TEST_F(FilterTest, ReadsOnlyTheColumnsItNeeds) {
  const auto columns = [](const FilterArguments& arguments) {
    return Filter(parse_filter(arguments, true).value()).columns();
  };
  EXPECT_EQ(columns({}), 0U);
  EXPECT_EQ(columns({.exe = {"a"}, .comm = {"a"}, .pid = {"1"}}), format::kColumnProcess);
  EXPECT_EQ(columns({.kind = {"open"}, .since = {"+1s"}}), format::kColumnKind | format::kColumnTime);
}

TEST(ParseFilter, UnknownKindListsTheKinds) {
  const auto spec = parse_filter({.kind = {"open,reed"}}, true);
  ASSERT_FALSE(spec.ok());
  const auto message = spec.error().message();
  for (const auto* part : {"--kind", "reed", "close_write", "attrib"}) {
    EXPECT_NE(message.find(part), message.npos) << message;
  }
}

TEST(ParseFilter, SaysWhichNumberItExpects) {
  const auto parsed = parse_filter({.pid = {"ten"}}, true);
  ASSERT_FALSE(parsed.ok());
  EXPECT_EQ(parsed.error().message(), "--pid: not a process id 'ten'; write a decimal number");
}

TEST(ParseFilter, RefusesValuesWithoutMeaning) {
  for (const auto* pid : {"", "!", "x", "1x", "-1", "4294967296"}) {
    EXPECT_FALSE(parse_filter({.pid = {pid}}, true).ok()) << pid;
  }
  EXPECT_FALSE(parse_filter({.exe = {"["}}, true).ok());
  EXPECT_FALSE(parse_filter({.path = {""}}, true).ok());
  EXPECT_FALSE(parse_filter({.since = {"yesterday"}}, true).ok());
}

// Returns the message and the position of its caret.
std::pair<std::string, std::size_t> where_error(const std::string& expression) {
  const auto parsed = parse_where(expression, true);
  if (parsed.ok()) return {"", 0};
  const auto message = parsed.error().message();
  const auto caret_line = message.rfind('\n') + 1;
  return {message, message.size() - 1 - caret_line - 2};
}

TEST(ParseWhere, ErrorsPutACaretUnderThePlace) {
  const struct {
    const char* expression;
    std::size_t caret;
    const char* says;
  } rows[] = {
      {"", 0, "expected a comparison"},
      {"exe ~ vim and", 13, "expected a comparison"},
      {"exe ~ vim exe ~ bash", 10, "expected 'and', 'or'"},
      {"eke ~ vim", 0, "unknown field"},
      {"exe vim", 4, "expected an operator"},
      {"exe ~", 5, "expected a value"},
      {"exe ~ 'vim", 6, "quote is not closed"},
      {"(exe ~ vim", 10, "expected ')'"},
      {"exe =~ '['", 7, "not a regular expression"},
      {"exe ~ '['", 6, "without its ']'"},
      {"exe < vim", 4, "text takes"},
      {"pid ~ 1*", 4, "a number takes"},
      {"pid == ten", 7, "expected a number"},
      {"kind == reed", 8, "close_write"},
      {"kind < open", 5, "kind takes == and !="},
      {"latency > fast", 10, "not a duration"},
      {"time == +1s", 5, "time takes"},
      {"verdict == maybe", 11, "allow, deny"},
      {"not not", 7, "expected a comparison"},
  };
  for (const auto& [expression, caret, says] : rows) {
    const auto [message, at] = where_error(expression);
    EXPECT_NE(message.find(says), message.npos) << expression << ": " << message;
    EXPECT_EQ(at, caret) << message;
  }
}

TEST(ParseWhere, DeepNestingIsRefused) {
  const std::string deep = std::string(100'000, '(') + "held" + std::string(100'000, ')');
  EXPECT_NE(where_error(deep).first.find("too deeply nested"), std::string::npos);
  std::string nots;
  for (int i = 0; i < 100'000; ++i) nots += "not ";
  EXPECT_NE(where_error(nots + "held").first.find("too deeply nested"), std::string::npos);
}

}  // namespace
}  // namespace rfan::replay
