// The reader thread's decisions, each by itself.
#include <gtest/gtest.h>

#include "recorder/threads/gathering.h"
#include "recorder/threads/stall_watch.h"
#include "recorder/threads/storm_detector.h"

namespace rfan::recorder {
namespace {

constexpr std::uint64_t kMs = 1'000'000;

TEST(StormDetectorTest, ManyCrowdedOpensWithinAWindowAreAStorm) {
  StormDetector storm;
  EXPECT_FALSE(storm.add(0, 100 * kMs));
  EXPECT_FALSE(storm.add(StormDetector::kOpens, 101 * kMs));
  EXPECT_TRUE(storm.add(1, 111 * kMs)) << "it begins at the end of its window";
  EXPECT_TRUE(storm.is_storm());
}

TEST(StormDetectorTest, LoneOpensAreNoStorm) {
  StormDetector storm;
  for (int i = 0; i < 50'000; ++i)
    EXPECT_FALSE(storm.add(1, 100 * kMs + static_cast<std::uint64_t>(i) * 1'000));
  EXPECT_FALSE(storm.is_storm());
}

TEST(StormDetectorTest, AStormEndsWithAQuietWindow) {
  StormDetector storm;
  storm.add(0, 100 * kMs);
  storm.add(StormDetector::kOpens, 101 * kMs);
  storm.add(1, 111 * kMs);
  ASSERT_TRUE(storm.is_storm());
  EXPECT_TRUE(storm.add(0, 122 * kMs));
  EXPECT_FALSE(storm.is_storm());
}

TEST(StormDetectorTest, OpensBeforeAPauseAreNoStormAfterIt) {
  StormDetector storm;
  storm.add(0, 100 * kMs);
  storm.add(StormDetector::kOpens, 101 * kMs);
  EXPECT_FALSE(storm.add(1, 10'000 * kMs));
  EXPECT_FALSE(storm.is_storm());
}

TEST(GatheringTest, NothingCameSoThereIsNothingToWaitFor) {
  Gathering gathering;
  EXPECT_EQ(gathering.next_pause_ns(), 0U);
  gathering.add(1);
  EXPECT_NE(gathering.next_pause_ns(), 0U);
  EXPECT_EQ(gathering.next_pause_ns(), 0U);
}

TEST(GatheringTest, FewEventsGatherLongerUpToTheLimit) {
  Gathering gathering;
  std::uint64_t before = 0;
  for (int i = 0; i < 20; ++i) {
    gathering.add(1);
    const auto pause = gathering.next_pause_ns();
    EXPECT_GE(pause, before);
    before = pause;
  }
  EXPECT_EQ(before, Gathering::kMaxPauseNs);
}

TEST(GatheringTest, ManyEventsGatherShorterDownToTheLimit) {
  Gathering gathering;
  std::uint64_t pause = 0;
  for (const std::size_t events : {1, 1, 1, 1, 100, 100, 100, 100, 100, 100, 100}) {
    gathering.add(events);
    pause = gathering.next_pause_ns();
  }
  EXPECT_EQ(pause, Gathering::kMinPauseNs);
}

TEST(StallWatchTest, ALongTimeWithoutProgressIsAStall) {
  StallWatch watch;
  EXPECT_FALSE(watch.progress(1'000 * kMs)) << "nothing went before";
  EXPECT_FALSE(watch.progress(1'100 * kMs));
  const auto stall = watch.progress(1'301 * kMs);
  ASSERT_TRUE(stall);
  EXPECT_EQ(stall->since_ns, 1'100 * kMs);
  EXPECT_EQ(stall->until_ns, 1'301 * kMs);
  EXPECT_FALSE(watch.progress(1'302 * kMs));
}

TEST(StallWatchTest, SleepOnPurposeIsNoStall) {
  StallWatch watch;
  watch.progress(1'000 * kMs);
  watch.allow_idle(500 * kMs);
  EXPECT_FALSE(watch.progress(1'550 * kMs));
  watch.allow_idle(500 * kMs);
  const auto stall = watch.progress(2'200 * kMs);
  ASSERT_TRUE(stall);
  EXPECT_EQ(stall->since_ns, 2'050 * kMs) << "when it should have been awake";
}

TEST(StallWatchTest, AStallThatAnotherNoticedIsNotToldTwice) {
  StallWatch watch;
  watch.progress(1'000 * kMs);
  watch.restart(5'000 * kMs);
  EXPECT_FALSE(watch.progress(5'001 * kMs));
}

}  // namespace
}  // namespace rfan::recorder
