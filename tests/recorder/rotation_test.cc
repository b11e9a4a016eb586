#include "recorder/output/rotation.h"

#include <gtest/gtest.h>

#include <vector>

namespace rfan::recorder {
namespace {

using std::chrono::hours;

TEST(Rotation, WithoutLimitsEverythingIsKept) {
  const std::vector<FinishedFile> files(1000, {1U << 30, hours(10'000)});
  EXPECT_EQ(count_expired(files, {}), 0U);
}

TEST(Rotation, TheFileBeingWrittenCountsForTheNumberOfFiles) {
  const std::vector<FinishedFile> files(5, {100, hours(0)});
  EXPECT_EQ(count_expired(files, {.keep_files = 6}), 0U);
  EXPECT_EQ(count_expired(files, {.keep_files = 3}), 3U);
  EXPECT_EQ(count_expired(files, {.keep_files = 1}), 5U);
}

TEST(Rotation, TheOldestGoUntilTheRestIsSmallEnough) {
  const std::vector<FinishedFile> files{{100, {}}, {200, {}}, {300, {}}};
  EXPECT_EQ(count_expired(files, {.keep_bytes = 600}), 0U);
  EXPECT_EQ(count_expired(files, {.keep_bytes = 599}), 1U);
  EXPECT_EQ(count_expired(files, {.keep_bytes = 299}), 3U);
}

TEST(Rotation, FilesThatAreTooOldGo) {
  const std::vector<FinishedFile> files{{1, hours(30)}, {1, hours(25)}, {1, hours(3)}};
  EXPECT_EQ(count_expired(files, {.keep_age = hours(24)}), 2U);
}

TEST(Rotation, EachLimitHoldsByItself) {
  const std::vector<FinishedFile> files{{100, hours(3)}, {100, hours(2)}, {100, hours(1)}};
  EXPECT_EQ(count_expired(files, {.keep_files = 4, .keep_bytes = 200, .keep_age = hours(24)}), 1U);
}

}  // namespace
}  // namespace rfan::recorder
