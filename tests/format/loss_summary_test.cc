#include "format/model/loss_summary.h"

#include <gtest/gtest.h>

namespace rfan::format {
namespace {

constexpr auto kOverflow = LossCause::kQueueOverflow;
constexpr auto kNoArena = LossCause::kNoArena;

TEST(LossSummary, LossesOfOneCauseBecomeOneEntryThatSpansThem) {
  const std::vector<Loss> losses{{kNoArena, 5, 2'000, 3'000}, {kNoArena, 7, 1'000, 2'500}};
  EXPECT_EQ(LossSummary(losses).losses(), std::vector<Loss>({{kNoArena, 12, 1'000, 3'000}}));
}

TEST(LossSummary, AKnownCountSurvivesAnUnknownOne) {
  const std::vector<Loss> losses{
      {kOverflow, {}, 1, 1}, {kOverflow, 3, 2, 2}, {kOverflow, {}, 3, 3}, {kOverflow, 4, 5, 5}};
  EXPECT_EQ(LossSummary(losses).losses(), std::vector<Loss>({{kOverflow, {}, 1, 3}, {kOverflow, 7, 2, 5}}));
}

TEST(LossSummary, CausesStayApartAndKeepTheirOrder) {
  const std::vector<Loss> losses{{kOverflow, 1, 1, 1}, {kNoArena, 2, 2, 2}, {kOverflow, 1, 3, 3}};
  EXPECT_EQ(LossSummary(losses).losses(), std::vector<Loss>({{kOverflow, 2, 1, 3}, {kNoArena, 2, 2, 2}}));
}

TEST(LossSummary, SummingASummaryChangesNothing) {
  const std::vector<Loss> losses{{kOverflow, {}, 1, 1}, {kNoArena, 2, 2, 2}, {kOverflow, 1, 3, 3}};
  const LossSummary once(losses);
  EXPECT_EQ(LossSummary(once.losses()).losses(), once.losses());
}

TEST(LossCount, SaysALowerBoundAsOne) {
  LossCount count;
  EXPECT_TRUE(count.none());
  count.add({kNoArena, 1'200, 1, 1});
  EXPECT_EQ(loss_count_text(count), "1,200");
  count.add({kOverflow, {}, 1, 1});
  EXPECT_EQ(loss_count_text(count), "at least 1,200");
  EXPECT_EQ(loss_count_text({0, true}), "an unknown number of");
  EXPECT_FALSE(LossCount({0, true}).none());
}

}  // namespace
}  // namespace rfan::format
