// The kernel's queue overflows: unseen events are counted as a loss in every report.
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "tests/kernel/fixture/kernel_fixture.h"

namespace rfan::kernel_test {
namespace {

constexpr std::size_t kTooMany = 500;  // a little more than the queue holds

class OverflowTest : public KernelTest {
 protected:
  void SetUp() override {
    KernelTest::SetUp();
    if (IsSkipped()) return;
    std::ifstream("/proc/sys/fs/fanotify/max_queued_events") >> queue_;
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
    if (queue_ + 2 * kTooMany > limit.rlim_max)
      GTEST_SKIP() << "the queue is larger than what this test can open";
    for (std::size_t i = 0; i < queue_ + kTooMany; ++i) create(name(i), "");
  }
  std::string name(std::size_t i) const { return file("f" + std::to_string(i)); }

  // A thread that waits for its CPU finishes its read() before it stops.
  static bool every_thread_is_stopped(pid_t process) {
    std::error_code gone;
    const std::filesystem::directory_iterator tasks("/proc/" + std::to_string(process) + "/task", gone);
    for (const auto& task : tasks) {
      if (read_file((task.path() / "status").string()).find("T (stopped)") == std::string::npos) return false;
    }
    return !gone;
  }
  // Runs `body` while the recorder does not read.
  void while_stopped(const Recording& recording, const std::function<void()>& body) {
    recording.send(SIGSTOP);
    const auto end = std::chrono::steady_clock::now() + kPatience;
    while (!every_thread_is_stopped(recording.pid()) && std::chrono::steady_clock::now() < end)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    EXPECT_TRUE(every_thread_is_stopped(recording.pid()));
    body();
    recording.send(SIGCONT);
  }

  void expect_unknown_loss(Recording& recording) {
    const auto outcome = recording.stop();
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    EXPECT_NE(outcome.err.find("an unknown number of events LOST"), std::string::npos) << outcome.err;
    const auto replayed = replay(trace());
    EXPECT_EQ(replayed.status, 3);
    EXPECT_NE(replayed.messages.find("an unknown number of events (queue_overflow"), std::string::npos)
        << replayed.messages;
    const auto info = run({RFANREPLAY_PATH, "info", trace()});
    EXPECT_EQ(info.status, 3);
    EXPECT_NE(info.out.find("queue_overflow"), std::string::npos) << info.out;
  }

  std::size_t queue_ = 0;
};

TEST_F(OverflowTest, OfToldEventsIsALossOfUnknownSize) {
  const auto recording = record({"--hold", "none", "--kernel-queue", "default", "--max-stall", "30s"});
  while_stopped(*recording, [&] {
    in_child([&] {
      for (std::size_t i = 0; i < queue_ + kTooMany; ++i) open_and_close(name(i));
    });
  });
  expect_unknown_loss(*recording);
}

TEST_F(OverflowTest, OfHeldEventsLetsOpensPassAndSaysSo) {
  create(file("unseen"));
  const auto recording = record({"--kernel-queue", "default", "--max-stall", "30s"});
  in_child([&] {
    std::vector<int> files;
    for (std::size_t i = 0; i < queue_ + kTooMany; ++i) files.push_back(::open(name(i).c_str(), O_RDONLY));
    while_stopped(*recording, [&] {
      for (const int fd : files) ::close(fd);
      open_and_close(file("unseen"));  // would wait for ever if it fitted into the queue
    });
  });
  expect_unknown_loss(*recording);
  EXPECT_TRUE(replay(trace()).of_path(file("unseen")).empty());
}

TEST_F(OverflowTest, DoesNotHappenToAnUnlimitedQueue) {
  const auto recording = record({"--hold", "none", "--max-stall", "30s"});
  while_stopped(*recording, [&] {
    in_child([&] {
      for (std::size_t i = 0; i < queue_ + kTooMany; ++i) open_and_close(name(i));
    });
  });
  EXPECT_GE(stop_and_replay(*recording).of_kind("open").size(), queue_ + kTooMany);
}

}  // namespace
}  // namespace rfan::kernel_test
