// Waiting programs continue, whatever happens to the recorder.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "tests/kernel/fixture/canary.h"
#include "tests/kernel/fixture/kernel_fixture.h"

namespace rfan::kernel_test {
namespace {

using std::chrono::seconds;

TEST_F(KernelTest, AStoppedRecorderIsKilledAndOpenersGoOn) {
  create(file("canary"));
  const auto recording = record({"--max-stall", "500ms"});
  const Canary canary(file("canary"), scratch().file("count"));
  ASSERT_TRUE(canary.alive());
  recording->send(SIGSTOP);
  EXPECT_EQ(recording->wait().status, 128 + SIGKILL);
  EXPECT_TRUE(canary.alive());
  EXPECT_NE(recording->err().find("was killed, so that no program hangs"), std::string::npos)
      << recording->err();
  EXPECT_EQ(replay(trace()).status, 3) << "what was recorded is readable, and said to be unfinished";
}

TEST_F(KernelTest, AnIdleRecorderIsNotTakenForAStalledOne) {
  const auto recording = record({"--max-stall", "300ms"});
  std::this_thread::sleep_for(seconds(2));
  EXPECT_EQ(recording->stop().status, 0) << recording->err();
}

TEST_F(KernelTest, ARecorderWithoutItsGuardianEndsAndSaysWhy) {
  create(file("canary"));
  const auto recording = record();
  const Canary canary(file("canary"), scratch().file("count"));
  ::kill(recording->guardian(), SIGKILL);
  const auto outcome = recording->wait();
  EXPECT_EQ(outcome.status, 1);
  EXPECT_NE(outcome.err.find("the guardian process was killed"), std::string::npos) << outcome.err;
  EXPECT_TRUE(canary.alive());
  EXPECT_EQ(replay(trace()).status, 0) << "the trace is whole up to there";
}

class CrashTest : public KernelTest, public ::testing::WithParamInterface<int> {};

TEST_P(CrashTest, OpenersGoOn) {
  create(file("canary"));
  const auto recording = record();
  const Canary canary(file("canary"), scratch().file("count"));
  ASSERT_TRUE(canary.alive());
  EXPECT_EQ(recording->stop(GetParam()).status, 128 + GetParam());
  EXPECT_TRUE(canary.alive());
}

INSTANTIATE_TEST_SUITE_P(Signals, CrashTest, ::testing::Values(SIGSEGV, SIGABRT, SIGBUS));

TEST_F(KernelTest, ABlockedOutputHoldsNobodyUp) {
  create(file("canary"));
  const std::string pipe = scratch().file("pipe");
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  const int end = ::open(pipe.c_str(), O_RDWR | O_CLOEXEC);  // nobody ever reads from it
  Recording recording({"-o", pipe, root()});
  ASSERT_TRUE(recording.begun()) << recording.err();
  in_child([&] {
    for (int i = 0; i < 50'000; ++i) {
      create(file("n" + std::to_string(i)), "");  // names that do not compress into the pipe's buffer
      std::filesystem::remove(file("n" + std::to_string(i)));
    }
  });
  const Canary canary(file("canary"), scratch().file("count"));
  EXPECT_TRUE(canary.alive());
  ::close(end);
}

}  // namespace
}  // namespace rfan::kernel_test
