// Tests how sure the causes of a difference between two single runs are.
#include "replay/diff/causes/pair_judge.h"

#include <gtest/gtest.h>

namespace rfan::replay {
namespace {

Finding fact(double events) {
  Finding finding;
  finding.change = Change::kNew;
  finding.events = finding.fresh = finding.all_events = events;
  return finding;
}

Finding count(double base, double fresh) {
  Finding finding;
  finding.change = fresh > base ? Change::kMore : Change::kLess;
  finding.base = base;
  finding.fresh = fresh;
  finding.events = fresh - base;
  finding.all_events = base + fresh;
  return finding;
}

std::vector<Tag> judged(std::vector<Finding> causes) {
  judge_pair(causes);
  std::vector<Tag> tags;
  for (const auto& cause : causes) tags.push_back(cause.tag);
  return tags;
}

TEST(PairJudgeTest, ASingleFactIsClearHoweverSmall) {
  EXPECT_EQ(judged({fact(1)}), std::vector{Tag::kClear});
}

TEST(PairJudgeTest, ALargeCauseIsNotHiddenByItsSmallNeighbours) {
  const auto tags = judged({fact(120), fact(1), fact(2), fact(1)});
  EXPECT_EQ(tags.front(), Tag::kClear);
  EXPECT_NE(tags[1], Tag::kClear);
}

TEST(PairJudgeTest, FactsAndCountsDoNotJudgeEachOther) {
  EXPECT_EQ(judged({fact(1), count(100, 110), count(40, 44), count(9, 3)}).front(), Tag::kClear);
}

TEST(PairJudgeTest, ManySmallFactsAreWeak) {
  for (const auto tag : judged({fact(1), fact(1), fact(1), fact(1), fact(1)})) EXPECT_EQ(tag, Tag::kWeak);
}

TEST(PairJudgeTest, AFewEventsMoreAreNeverClear) {
  EXPECT_EQ(judged({count(1, 5)}), std::vector{Tag::kLikely});
}

TEST(PairJudgeTest, ACountIsMeasuredAgainstItsSize) {
  EXPECT_EQ(judged({count(6, 60)}), std::vector{Tag::kClear});
  EXPECT_EQ(judged({count(10000, 10200)}), std::vector{Tag::kLikely});
  EXPECT_EQ(judged({count(10000, 10001)}), std::vector{Tag::kWeak});
}

TEST(PairJudgeTest, AnotherNameInTheSameDirectoryMayBeChance) {
  auto choice = fact(20);
  choice.change = Change::kMoved;
  choice.choice = true;
  EXPECT_EQ(judged({choice}), std::vector{Tag::kLikely});
}

}  // namespace
}  // namespace rfan::replay
