// Many opens at once: all are counted, none is refused, and memory is bounded.
#include <sched.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <regex>
#include <set>
#include <thread>

#include "tests/kernel/fixture/canary.h"
#include "tests/kernel/fixture/kernel_fixture.h"

namespace rfan::kernel_test {
namespace {

constexpr std::size_t kFiles = 1000;
constexpr std::size_t kOpens = 200'000;

std::size_t count_of_kind(const std::string& trace, const std::string& kind) {
  const auto info = run({RFANREPLAY_PATH, "info", "--format", "json", trace}).out;
  std::smatch match;
  return std::regex_search(info, match, std::regex("\"" + kind + "\":([0-9]+)")) ? std::stoul(match[1]) : 0;
}

class StormTest : public KernelTest, public ::testing::WithParamInterface<const char*> {};

TEST_P(StormTest, IsCountedToTheLastOpen) {
  prepare_storm(kFiles);
  const auto recording = record();
  storm({GetParam(), "16", std::to_string(kOpens), std::to_string(kFiles)});
  EXPECT_EQ(recording->stop().status, 0) << recording->err();
  // Closes of one file by threads of one process may merge; opens never do.
  EXPECT_EQ(count_of_kind(trace(), "open"), kOpens);
  const auto figures = expect_all_accounted_for();
  EXPECT_EQ(figures.status, 0) << "something is lost";
  EXPECT_EQ(figures.with_exe, figures.written);
}

TEST_P(StormTest, IsAccountedForWhenMostOfItIsFilteredOut) {
  prepare_storm(kFiles);
  const auto recording = record({"--path", "7*", "--events", "open"});
  storm({GetParam(), "16", "20000", std::to_string(kFiles)});
  EXPECT_EQ(recording->stop().status, 0) << recording->err();
  const auto figures = expect_all_accounted_for();
  EXPECT_EQ(figures.seen, 20'000U);
  EXPECT_GT(figures.written, 0U);
  EXPECT_GT(figures.filtered, figures.written);
}

INSTANTIATE_TEST_SUITE_P(From, StormTest, ::testing::Values("threads", "processes"),
                         [](const auto& storm) { return std::string(storm.param); });

// Returns the resident memory of /proc/PID/status, in kilobytes.
long resident_kb(pid_t pid) {
  const auto status = read_file("/proc/" + std::to_string(pid) + "/status");
  std::smatch match;
  return std::regex_search(status, match, std::regex("VmRSS:\\s*([0-9]+)")) ? std::stol(match[1]) : -1;
}

// Returns how many arenas the recording used at a time.
long arenas_used(const std::string& trace) {
  const auto info = run({RFANREPLAY_PATH, "info", trace, "--format", "json"}).out;
  std::smatch match;
  return std::regex_search(info, match, std::regex("\"arenas_high_water\":([0-9]+)")) ? std::stol(match[1])
                                                                                      : -1;
}

TEST_F(KernelTest, MemoryDoesNotGrowWithEvents) {
  constexpr long kArenaKb = 270;  // a writer that gets little time needs more of them
  prepare_storm(kFiles);
  const auto recording = record();
  const auto opens = [&](std::size_t count) {
    storm({"processes", "4", std::to_string(count), std::to_string(kFiles)});
  };
  opens(400'000);  // this load has used all its columns and paths by now
  const auto before_kb = resident_kb(recording->pid());
  opens(400'000);
  const auto after_kb = resident_kb(recording->pid());
  EXPECT_EQ(recording->stop().status, 0);
  const auto arenas = arenas_used(trace());
  ASSERT_GT(before_kb, 0);
  ASSERT_GT(arenas, 0);
  EXPECT_LT(after_kb, before_kb + arenas * kArenaKb + 2048)
      << "400,000 more events take more than 5 bytes each";
}

// Returns a SCHED_* value, or -1 if there is no such thread.
int policy_of_reader(pid_t recorder) {
  for (const auto& task :
       std::filesystem::directory_iterator("/proc/" + std::to_string(recorder) + "/task")) {
    if (read_file((task.path() / "comm").string()) == "rfan-reader\n")
      return ::sched_getscheduler(std::stoi(task.path().filename().string()));
  }
  return -1;
}

// Waits until the reader has this policy, at most five seconds. Occasional opens make the reader look at the
// time.
int wait_for_policy(pid_t recorder, int policy, const std::string& file) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  while (policy_of_reader(recorder) != policy && std::chrono::steady_clock::now() < end) {
    open_and_close(file);
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return policy_of_reader(recorder);
}

TEST_F(KernelTest, TheReaderIsRealTimeExceptInAStorm) {
  prepare_storm(kFiles);
  create(file("x"));
  const auto recording = record();
  ASSERT_EQ(wait_for_policy(recording->pid(), SCHED_FIFO, file("x")), SCHED_FIFO);
  ChildProcess opener({OPEN_STORM_PATH, "threads", "16", "100000", std::to_string(kFiles), root()});
  EXPECT_EQ(wait_for_policy(recording->pid(), SCHED_OTHER, file("x")), SCHED_OTHER);
  EXPECT_EQ(opener.wait().status, 0);
  EXPECT_EQ(wait_for_policy(recording->pid(), SCHED_FIFO, file("x")), SCHED_FIFO);
  EXPECT_EQ(recording->stop().status, 0);
  expect_all_accounted_for();
}

TEST_F(KernelTest, TheEndOfARecordingInAStormRefusesNobody) {
  prepare_storm(kFiles);
  for (int round = 0; round < 10; ++round) {
    const auto recording = record();
    ChildProcess opener({OPEN_STORM_PATH, "processes", "8", "20000", std::to_string(kFiles), root()});
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    EXPECT_EQ(recording->stop().status, 0) << recording->err();
    const auto outcome = opener.wait();
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    expect_all_accounted_for();
  }
}

class StormAndSignalTest : public KernelTest, public ::testing::WithParamInterface<int> {};

TEST_P(StormAndSignalTest, RefusesNobodyAndLetsAllGo) {
  prepare_storm(kFiles);
  create(file("canary"));
  const auto recording = record({"--max-stall", "500ms"});
  const Canary canary(file("canary"), scratch().file("count"));
  ASSERT_TRUE(canary.alive());
  ChildProcess opener({OPEN_STORM_PATH, "processes", "8", "40000", std::to_string(kFiles), root()});
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  recording->send(GetParam());
  EXPECT_TRUE(canary.alive());
  const auto outcome = opener.wait();
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(recording->wait().status, 128 + (GetParam() == SIGSTOP ? SIGKILL : GetParam()));
  const auto replayed = replay(trace());
  EXPECT_EQ(replayed.status, 3) << "readable, and said to be unfinished: " << replayed.messages;
}

INSTANTIATE_TEST_SUITE_P(Signals, StormAndSignalTest, ::testing::Values(SIGSTOP, SIGKILL, SIGSEGV),
                         [](const auto& signal) { return std::string(::sigabbrev_np(signal.param)); });

// Each process opens a file of its own and has it on its command line, so a confusion of processes shows.
// Pids are reused after seconds.
class ShortProcessesTest : public KernelTest, public ::testing::WithParamInterface<const char*> {};

TEST_P(ShortProcessesTest, AreKnownThoughPidsComeAgain) {
  constexpr std::size_t kProcesses = 4'000;
  constexpr std::size_t kPids = 1'000;
  prepare_storm(kProcesses);
  const auto recording = record({"--hold", GetParam(), "--events", "open"});
  storm({"spawn", "8", std::to_string(kProcesses), std::to_string(kPids)});
  const auto opens = stop_and_replay(*recording).of_kind("open");
  std::set<std::string> paths;
  std::set<pid_t> pids;
  std::size_t mistaken = 0;
  for (const auto& event : opens) {
    paths.insert(event.path);
    pids.insert(event.pid);
    const std::vector<std::string> expected{"/proc/self/exe", "one", event.path};
    // Nobody held the process until its command line was read. It may be missing, but must not be another's.
    const bool known = event.cmdline == expected || (!event.held && event.cmdline.empty());
    if (!known || !event.exe.ends_with("/open_storm")) ++mistaken;
  }
  EXPECT_EQ(opens.size(), kProcesses);
  EXPECT_EQ(paths.size(), kProcesses);
  EXPECT_LT(pids.size(), kProcesses) << "none came again: the test shows nothing";
  EXPECT_EQ(mistaken, 0U);
  expect_all_accounted_for();
}

INSTANTIATE_TEST_SUITE_P(Holding, ShortProcessesTest, ::testing::Values("open", "none"),
                         [](const auto& held) { return std::string(held.param); });

}  // namespace
}  // namespace rfan::kernel_test
