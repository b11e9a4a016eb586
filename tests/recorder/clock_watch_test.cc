#include "recorder/system/clock_watch.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <time.h>
#include <unistd.h>

namespace rfan::recorder {
namespace {

TEST(ClockWatch, TellsThatTheClockWasSet) {
  if (::geteuid() != 0) GTEST_SKIP() << "SKIPPED: only root can set the clock";
  auto watch = ClockWatch::open();
  ASSERT_TRUE(watch) << watch.error().message();
  EXPECT_FALSE(watch->take());
  // Set the clock to its present time, except for the microsecond that this takes.
  timespec now{};
  ASSERT_EQ(::clock_gettime(CLOCK_REALTIME, &now), 0);
  if (::clock_settime(CLOCK_REALTIME, &now) != 0) GTEST_SKIP() << "SKIPPED: the clock cannot be set here";
  pollfd told{watch->fd(), POLLIN, 0};
  EXPECT_EQ(::poll(&told, 1, 0), 1);
  EXPECT_TRUE(watch->take());
}

}  // namespace
}  // namespace rfan::recorder
