// However a recording ends, its file is readable and nobody is left waiting.
#include <unistd.h>

#include <chrono>
#include <regex>
#include <thread>

#include "tests/kernel/fixture/canary.h"
#include "tests/kernel/fixture/kernel_fixture.h"

namespace rfan::kernel_test {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

class EndingTest : public KernelTest, public ::testing::WithParamInterface<int> {};

TEST_P(EndingTest, LeavesACompleteFile) {
  create(file("a"));
  const auto recording = record();
  in_child([&] { open_and_close(file("a")); });
  const auto outcome = recording->stop(GetParam());
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(replay(trace()).events.size(), 2U);
  const auto info = run({RFANREPLAY_PATH, "info", trace()});
  EXPECT_EQ(info.status, 0) << info.err;
  EXPECT_TRUE(std::regex_search(info.out, std::regex("state +complete\n"))) << info.out;
  EXPECT_EQ(run({"zstd", "-qt", trace()}).status, 0);
}

INSTANTIATE_TEST_SUITE_P(Signals, EndingTest, ::testing::Values(SIGINT, SIGTERM),
                         [](const auto& signal) { return signal.param == SIGINT ? "Sigint" : "Sigterm"; });

TEST_F(KernelTest, EventsJustBeforeTheEndAreRecorded) {
  create(file("a"));
  for (int round = 0; round < 10; ++round) {
    const auto recording = record();
    in_child([&] {
      for (int i = 0; i < 50; ++i) open_and_close(file("a"));
    });
    EXPECT_EQ(stop_and_replay(*recording).events.size(), 100U) << "round " << round;
  }
}

TEST_F(KernelTest, UnderTimeoutTheFileIsCompleteToo) {
  create(file("a"));
  // timeout(1) sends the signal twice.
  for (int round = 0; round < 10; ++round) {
    const auto outcome = run({"timeout", "-s", "INT", "0.5", RFANREC_PATH, "-o", trace(), root()});
    EXPECT_EQ(outcome.status, 124) << outcome.err;
    EXPECT_EQ(replay(trace()).status, 0) << "round " << round;
  }
}

TEST_F(KernelTest, NobodyIsLeftWaitingAtTheEnd) {
  create(file("a"));
  const auto recording = record();
  const Canary canary(file("a"), scratch().file("count"));
  EXPECT_TRUE(canary.alive());
  EXPECT_EQ(recording->stop().status, 0);
  EXPECT_TRUE(canary.alive());
}

TEST_F(KernelTest, ADurationEndsTheRecording) {
  create(file("a"));
  const auto begin = steady_clock::now();
  const auto recording = record({"--duration", "1s"});
  in_child([&] { open_and_close(file("a")); });
  const auto outcome = recording->wait();
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_GE(steady_clock::now() - begin, milliseconds(1000));
  EXPECT_EQ(replay(trace()).events.size(), 2U);
}

TEST_F(KernelTest, AKilledRecorderReleasesOpenersAndLeavesAReadableFile) {
  create(file("a"));
  create(file("canary"));
  const auto recording = record();
  in_child([&] { open_and_close(file("a")); });
  std::this_thread::sleep_for(milliseconds(1000));  // more than the flush interval of 250 ms
  const Canary canary(file("canary"), scratch().file("count"));
  EXPECT_TRUE(canary.alive());
  EXPECT_EQ(recording->stop(SIGKILL).status, 128 + SIGKILL);
  EXPECT_TRUE(canary.alive());
  const auto replayed = replay(trace());
  EXPECT_EQ(replayed.status, 3) << replayed.messages;
  EXPECT_EQ(replayed.of_path(file("a")).size(), 2U);
}

TEST_F(KernelTest, TheSummaryCountsTheEvents) {
  create(file("a"));
  const auto recording = record();
  in_child([&] {
    for (int i = 0; i < 21; ++i) open_and_close(file("a"));
  });
  const auto outcome = recording->stop();
  EXPECT_NE(outcome.err.find("42 events"), std::string::npos) << outcome.err;
  EXPECT_EQ(outcome.out, "");
}

}  // namespace
}  // namespace rfan::kernel_test
