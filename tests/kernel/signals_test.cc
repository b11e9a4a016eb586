// Every signal has a defined effect, from the start to the end.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <sstream>
#include <thread>

#include "tests/kernel/fixture/canary.h"
#include "tests/kernel/fixture/kernel_fixture.h"

namespace rfan::kernel_test {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::seconds;

// Returns the signals without effect.
std::vector<int> ignored_signals() {
  return {SIGUSR1, SIGALRM, SIGVTALRM, SIGPROF, SIGIO,   SIGPWR,   SIGSTKFLT, SIGPIPE,  SIGXFSZ,
          SIGTSTP, SIGTTIN, SIGTTOU,   SIGCHLD, SIGCONT, SIGWINCH, SIGURG,    SIGRTMIN, SIGRTMAX};
}

// Returns one signal set of /proc/PID/status.
std::uint64_t signal_set(pid_t pid, const std::string& name) {
  std::istringstream status(read_file("/proc/" + std::to_string(pid) + "/status"));
  for (std::string word; status >> word;) {
    if (word == name + ":" && status >> word) return std::stoull(word, nullptr, 16);
  }
  return 0;
}

bool has(std::uint64_t set, int number) {
  return ((set >> (number - 1)) & 1) != 0;
}

class SignalsTest : public KernelTest {
 protected:
  std::vector<std::string> arguments() const { return {"-o", trace(), root()}; }
  // Records a child that opens and closes file "a" once more.
  void open_once() {
    in_child([&] { open_and_close(file("a")); });
  }
};

class IgnoredAtTheStartTest : public SignalsTest, public ::testing::WithParamInterface<int> {};

TEST_P(IgnoredAtTheStartTest, StaysIgnored) {
  create(file("a"));
  Recording recording(arguments(), {.ignored = {GetParam()}});
  ASSERT_TRUE(recording.begun()) << recording.err();
  recording.send(GetParam());
  std::this_thread::sleep_for(milliseconds(300));
  open_once();
  EXPECT_EQ(recording.stop(GetParam() == SIGTERM ? SIGINT : SIGTERM).status, 0) << recording.err();
  EXPECT_EQ(replay(trace()).of_kind("open").size(), 1U);
}

TEST_P(IgnoredAtTheStartTest, ReachesNoCommandThatInheritsIt) {
  Recording recording({"-o", trace(), root(), "--", "sh", "-c",
                       "echo ready > " + scratch().file("ready") + "; sleep 1; exit 7"},
                      {.ignored = {GetParam()}});
  while (read_file(scratch().file("ready")).empty()) std::this_thread::sleep_for(milliseconds(5));
  recording.send(GetParam());
  EXPECT_EQ(recording.wait().status, 7);
}

INSTANTIATE_TEST_SUITE_P(Signals, IgnoredAtTheStartTest, ::testing::Values(SIGHUP, SIGINT, SIGTERM, SIGQUIT),
                         [](const auto& signal) { return std::string(::sigabbrev_np(signal.param)); });

class EndingSignalTest : public SignalsTest, public ::testing::WithParamInterface<int> {};

TEST_P(EndingSignalTest, LeavesACompleteTrace) {
  create(file("a"));
  const auto recording = record();
  open_once();
  EXPECT_EQ(recording->stop(GetParam()).status, 0);
  const auto replayed = replay(trace());
  EXPECT_EQ(replayed.status, 0) << replayed.messages;
  EXPECT_EQ(replayed.events.size(), 2U);
}

INSTANTIATE_TEST_SUITE_P(Signals, EndingSignalTest,
                         ::testing::Values(SIGHUP, SIGINT, SIGTERM, SIGQUIT, SIGXCPU),
                         [](const auto& signal) { return std::string(::sigabbrev_np(signal.param)); });

TEST_F(SignalsTest, WhatAsksForNothingEndsNeitherTheRecorderNorItsGuardian) {
  create(file("a"));
  const auto recording = record();
  const pid_t guardian = recording->guardian();
  for (const int number : ignored_signals()) {
    recording->send(number);
    ::kill(guardian, number);
  }
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR2, SIGXCPU}) ::kill(guardian, number);
  std::this_thread::sleep_for(milliseconds(300));
  open_once();
  EXPECT_EQ(stop_and_replay(*recording).events.size(), 2U);
}

TEST_F(SignalsTest, NothingEndsTheGuardianBeforeItsFirstInstruction) {
  for (int round = 0; round < 20; ++round) {
    Recording recording(arguments());
    const auto number = std::to_string(recording.pid());
    const auto children = "/proc/" + number + "/task/" + number + "/children";
    std::string guardian;
    for (int tries = 0; tries < 100'000 && guardian.empty(); ++tries) guardian = read_file(children);
    ASSERT_FALSE(guardian.empty()) << recording.err();
    for (const int ending : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) ::kill(std::stoi(guardian), ending);
    EXPECT_TRUE(recording.begun()) << recording.err();
    EXPECT_EQ(recording.stop().status, 0) << recording.err();
  }
}

TEST_F(SignalsTest, WhatAsksForNothingDoesNotDisturbTheStart) {
  for (int round = 0; round < 10; ++round) {
    Recording recording(arguments());
    // Before it has run its first instruction, a signal may still kill it.
    for (int tries = 0; tries < 10'000 && !has(signal_set(recording.pid(), "SigBlk"), SIGUSR1); ++tries)
      std::this_thread::sleep_for(std::chrono::microseconds(100));
    std::jthread storm([&](const std::stop_token& stop) {
      while (!stop.stop_requested()) {
        for (const int number : ignored_signals()) recording.send(number);
        recording.send(SIGUSR2);
      }
    });
    EXPECT_TRUE(recording.begun()) << recording.err();
    storm.request_stop();
    storm.join();
    EXPECT_EQ(recording.stop().status, 0) << recording.err();
    EXPECT_EQ(replay(trace()).status, 0);
  }
}

TEST_F(SignalsTest, AStartThatIsEndedLeavesNothingOrATrace) {
  const std::vector<std::vector<std::string>> outputs{arguments(),
                                                      {"-o", trace(), "--rotate-size", "1M", root()}};
  for (int round = 0; round < 60; ++round) {
    fs::remove(trace());
    fs::remove(scratch().file("trace.fbz.old"));
    const int number =
        std::array{SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1}[static_cast<std::size_t>(round % 5)];
    Recording recording(outputs[static_cast<std::size_t>(round % 2)]);
    std::this_thread::sleep_for(milliseconds(round));
    // Send it only once: a second request has another effect.
    recording.send(number);
    std::this_thread::sleep_for(milliseconds(round % 3));
    const auto outcome = recording.stop(SIGTERM);
    for (const auto& entry : fs::directory_iterator(scratch().path())) {
      const auto name = entry.path().filename().string();
      EXPECT_TRUE(name.ends_with(".fbz"))
          << name << " after signal " << number << " and status " << outcome.status;
      EXPECT_EQ(replay(entry.path()).status, 0);
    }
  }
}

TEST_F(SignalsTest, ACommandIsNotStartedByWhoIsAskedToEnd) {
  for (int round = 0; round < 20; ++round) {
    const auto started = scratch().file("started");
    write_file(trace(), "older");
    Recording recording({"-o", trace(), root(), "--", "sh", "-c", "echo > " + started + "; sleep 100"});
    std::this_thread::sleep_for(milliseconds(3 * round));
    EXPECT_EQ(recording.stop(SIGTERM).status, 128 + SIGTERM);
    EXPECT_FALSE(fs::exists(scratch().file("trace.fbz.new")));
    // It takes the older trace's place only when the command runs.
    EXPECT_EQ(read_file(trace()) == "older", !fs::exists(scratch().file("trace.fbz.old")));
    EXPECT_FALSE(fs::exists(started) && read_file(trace()) == "older");
    fs::remove(started);
    fs::remove(scratch().file("trace.fbz.old"));
  }
}

TEST_F(SignalsTest, ACommandFindsItsSignalsAsTheStarterLeftThem) {
  const std::vector<std::string> show{"grep", "-E", "Sig(Blk|Ign)", "/proc/self/status"};
  const LaunchOptions starter{.ignored = {SIGHUP, SIGUSR1, SIGCHLD}};
  std::vector<std::string> recorded{"-o", trace(), root(), "--"};
  recorded.insert(recorded.end(), show.begin(), show.end());
  EXPECT_EQ(Recording(recorded, starter).wait().out, run(show, starter).out);
}

TEST_F(SignalsTest, TheExitStatusIsPassedOnThoughTheStarterIgnoresItsChildren) {
  EXPECT_EQ(
      Recording({"-o", trace(), root(), "--", "sh", "-c", "exit 7"}, {.ignored = {SIGCHLD}}).wait().status,
      7);
}

TEST_F(SignalsTest, WhoWaitsForTheReaderOfAPipeMayGiveUp) {
  ASSERT_EQ(run({"mkfifo", scratch().file("pipe")}).status, 0);
  create(file("canary"));
  const Canary canary(file("canary"), scratch().file("count"));
  Recording recording({"-o", scratch().file("pipe"), root()});
  std::this_thread::sleep_for(milliseconds(300));
  EXPECT_TRUE(canary.alive()) << "nothing is held yet";
  EXPECT_EQ(recording.stop(SIGTERM).status, 128 + SIGTERM);
}

}  // namespace
}  // namespace rfan::kernel_test
