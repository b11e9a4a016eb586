#include "recorder/output/loss_ledger.h"

#include <gtest/gtest.h>

#include "tests/recorder/memory_trace.h"

namespace rfan::recorder {
namespace {

using format::Loss;
using format::LossCause;

class LossLedgerTest : public ::testing::Test {
 protected:
  std::vector<Loss> handed_over() {
    ledger_.hand_over(trace_.writer());
    return trace_.read().losses;
  }

  LossLedger ledger_;
  MemoryTrace trace_;
};

TEST_F(LossLedgerTest, StartsEmpty) {
  EXPECT_FALSE(ledger_.pending());
  EXPECT_TRUE(ledger_.lost().none());
  EXPECT_TRUE(ledger_.impaired().none());
}

TEST_F(LossLedgerTest, LossesOfOneCauseBecomeOneEntryThatSpansThem) {
  ledger_.add({LossCause::kNoArena, 5, 2'000'000, 3'000'000});
  ledger_.add({LossCause::kNoArena, 7, 1'000'000, 2'500'000});
  EXPECT_EQ(handed_over(), std::vector<Loss>({{LossCause::kNoArena, 12, 1'000'000, 3'000'000}}));
}

TEST_F(LossLedgerTest, CausesStayApart) {
  ledger_.add({LossCause::kNoArena, 1, 1'000, 1'000});
  ledger_.add({LossCause::kUnresolvedPath, 2, 2'000, 2'000});
  const std::vector<Loss> expected{{LossCause::kNoArena, 1, 1'000, 1'000},
                                   {LossCause::kUnresolvedPath, 2, 2'000, 2'000}};
  EXPECT_EQ(handed_over(), expected);
}

TEST_F(LossLedgerTest, UnknownSizeStaysUnknown) {
  ledger_.add({LossCause::kQueueOverflow, {}, 1'000, 1'000});
  ledger_.add({LossCause::kQueueOverflow, 3, 2'000, 2'000});
  ledger_.add({LossCause::kQueueOverflow, {}, 3'000, 3'000});
  const std::vector<Loss> expected{{LossCause::kQueueOverflow, {}, 1'000, 3'000},
                                   {LossCause::kQueueOverflow, 3, 2'000, 2'000}};
  EXPECT_EQ(handed_over(), expected);
}

TEST_F(LossLedgerTest, TotalSaysThatALossOfUnknownSizeCameOnTop) {
  ledger_.add({LossCause::kQueueOverflow, {}, 1, 1});
  ledger_.add({LossCause::kNoArena, 10, 1, 1});
  EXPECT_EQ(ledger_.lost(), (format::LossCount{10, true}));
}

TEST_F(LossLedgerTest, EventsThatAreInTheTraceAreNotLost) {
  ledger_.add({LossCause::kUnresolvedPath, 3, 1, 1});
  EXPECT_TRUE(ledger_.lost().none());
  EXPECT_EQ(ledger_.impaired(), (format::LossCount{3, false}));
}

TEST_F(LossLedgerTest, HandingOverEmptiesItButKeepsTheTotal) {
  ledger_.add({LossCause::kNoArena, 4, 1, 1});
  ledger_.hand_over(trace_.writer());
  EXPECT_FALSE(ledger_.pending());
  EXPECT_EQ(ledger_.lost().known, 4U);
  ledger_.add({LossCause::kNoArena, 6, 9'000, 9'000});
  EXPECT_EQ(handed_over().size(), 2U);
  EXPECT_EQ(ledger_.lost().known, 10U);
}

}  // namespace
}  // namespace rfan::recorder
