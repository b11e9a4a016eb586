#include "replay/filter.h"

#include <gtest/gtest.h>

namespace rfan::replay {
namespace {

using format::Event;
using format::EventKind;

constexpr std::uint64_t kSecond = 1'000'000'000;

// A handful of events over a dictionary built by hand; the verbs are arguments of the command line.
class FilterTest : public testing::Test {
 protected:
  FilterTest() {
    const auto vim = dictionary_.add_path("/usr/bin/vim.basic");
    const auto bash = dictionary_.add_path("/usr/bin/bash");
    process("vim", 10, vim);
    process("bash", 11, bash);
    process("build.sh", 12, bash);
    process("ghost", 13, 0);
    hosts_ = dictionary_.add_path("/etc/hosts");
    header_ = dictionary_.add_path("/usr/include/stdio.h");
    add({0, EventKind::kOpen, 0, vim_, hosts_, 0, 0});                    // 0
    add({1 * kSecond, EventKind::kExec, 0, bash_, bash, 0, 0});           // 1
    add({2 * kSecond, EventKind::kOpen, 0, script_, header_, 0, 0});      // 2
    add({3 * kSecond, EventKind::kRename, 0, vim_, hosts_, header_, 0});  // 3
    add({4 * kSecond, EventKind::kOpen, 0, 0, hosts_, 0, 0});             // 4: unknown process
    add({5 * kSecond, EventKind::kDelete, 0, ghost_, 0, 0, 0});           // 5: unknown path and exe
    clocks_.push_back({0, 100 * kSecond, 0});
    timeline_.refresh(0);
  }

  void process(std::string comm, std::uint32_t pid, format::PathId exe) {
    format::Process process;
    process.pid = pid;
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
    std::vector<std::uint32_t> selected;
    filter.select(events_, timeline_, selected);
    return selected;
  }

  using Rows = std::vector<std::uint32_t>;
  static constexpr format::ProcessId vim_ = 1, bash_ = 2, script_ = 3, ghost_ = 4;
  format::PathId hosts_ = 0, header_ = 0;
  format::Dictionary dictionary_;
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

TEST_F(FilterTest, FollowsAGrowingDictionary) {
  auto spec = parse_filter({.exe = {"late"}, .path = {"late.txt"}}, true);
  Filter filter(std::move(spec).value());
  filter.extend(dictionary_);
  process("late", 99, 0);
  const auto path = dictionary_.add_path("/tmp/late.txt");
  filter.extend(dictionary_);
  add({6 * kSecond, EventKind::kOpen, 0, 5, path, 0, 0});
  Rows selected;
  filter.select(events_, timeline_, selected);
  EXPECT_EQ(selected, (Rows{6}));
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
    return filter.may_match(statistics, timeline_);
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

TEST(ParseFilter, RefusesValuesWithoutMeaning) {
  for (const auto* pid : {"", "!", "x", "1x", "-1", "4294967296"}) {
    EXPECT_FALSE(parse_filter({.pid = {pid}}, true).ok()) << pid;
  }
  EXPECT_FALSE(parse_filter({.exe = {"["}}, true).ok());
  EXPECT_FALSE(parse_filter({.path = {""}}, true).ok());
  EXPECT_FALSE(parse_filter({.since = {"yesterday"}}, true).ok());
}

}  // namespace
}  // namespace rfan::replay
