// Shortage of descriptors, of disk space or of a reader of the output: losses are counted, and no open is
// refused or left waiting.
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <regex>

#include "tests/kernel/fixture/canary.h"
#include "tests/kernel/fixture/kernel_fixture.h"

namespace rfan::kernel_test {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t kFiles = 40'000;

// A pipe for a trace. At first nobody reads from it.
class StalledPipe {
 public:
  explicit StalledPipe(const std::string& path) : path_(path) {
    if (::mkfifo(path.c_str(), 0600) == 0) end_ = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
    ::fcntl(end_, F_SETPIPE_SZ, kCapacity);
  }
  ~StalledPipe() { ::close(end_); }
  StalledPipe(const StalledPipe&) = delete;
  StalledPipe& operator=(const StalledPipe&) = delete;
  const std::string& path() const { return path_; }
  // From now on reads it into `file` until its writer closes it.
  void drain_to(const std::string& file) {
    drain_ = std::make_unique<ChildProcess>(
        std::vector<std::string>{"sh", "-c", "exec cat < " + path_ + " > " + file});
    const auto comm = "/proc/" + std::to_string(drain_->pid()) + "/comm";
    while (read_file(comm) != "cat\n") std::this_thread::sleep_for(milliseconds(2));
    ::close(std::exchange(end_, -1));
  }
  void wait() { drain_->wait(); }

 private:
  // The head of a trace fits, but a storm does not.
  static constexpr int kCapacity = 16 * 1024;

  std::string path_;
  int end_ = -1;
  std::unique_ptr<ChildProcess> drain_;
};

void wait_until_written(const std::string& path) {
  for (int tries = 0; tries < 1000 && read_file(path).empty(); ++tries)
    std::this_thread::sleep_for(milliseconds(10));
}

TEST_F(KernelTest, WhenDescriptorsRunOutNobodyIsRefusedAndLossesAreCounted) {
  prepare_storm(kFiles);
  StalledPipe pipe(scratch().file("pipe"));
  ChildProcess recording({"prlimit", "--nofile=4000", RFANREC_PATH, "-o", pipe.path(), root()});
  ASSERT_TRUE(recording.wait_for_stderr_line("rfanrec: recording")) << recording.err();
  storm({"files", std::to_string(kFiles)});
  pipe.drain_to(trace());
  recording.send(SIGINT);
  const auto outcome = recording.wait();
  pipe.wait();
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_NE(outcome.err.find(" LOST"), std::string::npos) << outcome.err;
  const auto figures = expect_all_accounted_for();
  EXPECT_EQ(figures.status, 3);
  EXPECT_GT(figures.lost_in_all(), 0U);
  EXPECT_EQ(figures.lost.count("descriptor_failed"), 0U) << "an opener was refused";
  EXPECT_EQ(replay(trace()).status, 3);
}

TEST_F(KernelTest, TooFewDescriptorsAreAnErrorBeforeRecording) {
  const auto outcome = run({"prlimit", "--nofile=1000", RFANREC_PATH, "-o", trace(), root()});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_NE(outcome.err.find("ulimit -Hn"), std::string::npos) << outcome.err;
}

TEST_F(KernelTest, AFullDiskInAStormStopsNobody) {
  prepare_storm(kFiles);
  const PrivateTmpfs small;
  ASSERT_EQ(run({"mount", "-o", "remount,size=64k", small.path()}).status, 0);
  create(file("canary"));
  Recording recording({"-o", small.file("trace.fbz"), "--events", "open", root()});
  ASSERT_TRUE(recording.begun()) << recording.err();
  in_child([&] { open_and_close(file("canary")); });
  // Let the first events be flushed; those of the storm may not fit at all.
  std::this_thread::sleep_for(milliseconds(1000));
  const Canary canary(file("canary"), scratch().file("count"));
  storm({"processes", "8", "200000", std::to_string(kFiles)});
  EXPECT_TRUE(canary.alive());
  const auto outcome = recording.wait();  // by itself
  EXPECT_EQ(outcome.status, 1);
  EXPECT_NE(outcome.err.find(" LOST"), std::string::npos) << outcome.err;
  EXPECT_NE(outcome.err.find("No space left on device"), std::string::npos) << outcome.err;
  const auto replayed = replay(small.file("trace.fbz"));
  EXPECT_EQ(replayed.status, 3);
  EXPECT_FALSE(replayed.of_path(file("canary")).empty()) << "what was written is readable";
}

TEST_F(KernelTest, AStoppedReaderOfStandardOutputHoldsNobodyUp) {
  prepare_storm(kFiles);
  create(file("canary"));
  ChildProcess recording({"sh", "-c", std::string(RFANREC_PATH) + " -o - " + root() + " | sleep 100"});
  ASSERT_TRUE(recording.wait_for_stderr_line("rfanrec: recording")) << recording.err();
  storm({"files", std::to_string(kFiles)});
  const Canary canary(file("canary"), scratch().file("count"));
  EXPECT_TRUE(canary.alive());
}

TEST_F(KernelTest, ASecondSignalEndsARecorderWhoseOutputIsBlocked) {
  prepare_storm(kFiles);
  create(file("canary"));
  StalledPipe pipe(scratch().file("pipe"));
  Recording recording({"-o", pipe.path(), root()});
  ASSERT_TRUE(recording.begun()) << recording.err();
  storm({"files", std::to_string(kFiles)});
  const Canary canary(file("canary"), scratch().file("count"));
  recording.send(SIGINT);
  EXPECT_TRUE(canary.alive()) << "the first one lets everybody go";
  std::this_thread::sleep_for(milliseconds(1500));
  EXPECT_EQ(recording.stop().status, 128 + SIGINT);
}

TEST_F(KernelTest, AStoppedTerminalHoldsNobodyUp) {
  create(file("canary"));
  const int terminal = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  ASSERT_EQ(::grantpt(terminal) + ::unlockpt(terminal), 0);
  const std::string name = ::ptsname(terminal);
  const int slave = ::open(name.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC);
  const auto command = std::string("exec ") + RFANREC_PATH + " -o " + trace() + " " + root() + " 2>" + name;
  ChildProcess recording({"sh", "-c", command});
  wait_until_written(trace());
  ASSERT_EQ(::tcflow(slave, TCOOFF), 0);  // Ctrl-S
  const Canary canary(file("canary"), scratch().file("count"));
  std::this_thread::sleep_for(seconds(3));  // several status lines
  EXPECT_TRUE(canary.alive());
  recording.send(SIGINT);
  EXPECT_TRUE(canary.alive());
  ASSERT_EQ(::tcflow(slave, TCOON), 0);
  EXPECT_EQ(recording.wait().status, 0);
  ::close(slave);
  ::close(terminal);
}

TEST_F(KernelTest, AFullPipeOnStandardErrorHoldsNobodyUp) {
  create(file("canary"));
  StalledPipe pipe(scratch().file("pipe"));
  const int end = ::open(pipe.path().c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
  const std::string page(4096, 'x');
  while (::write(end, page.data(), page.size()) > 0) continue;
  const auto command =
      std::string("exec ") + RFANREC_PATH + " -o " + trace() + " " + root() + " 2>" + pipe.path();
  const ChildProcess recording({"sh", "-c", command});
  wait_until_written(trace());
  const Canary canary(file("canary"), scratch().file("count"));
  EXPECT_TRUE(canary.alive());
  ::close(end);
}

TEST_F(KernelTest, AFullPipeOnStandardErrorDoesNotKeepTheCommandFromStarting) {
  StalledPipe pipe(scratch().file("pipe"));
  const int end = ::open(pipe.path().c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
  const std::string page(4096, 'x');
  while (::write(end, page.data(), page.size()) > 0) continue;
  const auto command = std::string("exec ") + RFANREC_PATH + " -o " + trace() + " " + root() +
                       " -- sh -c 'echo started > " + scratch().file("started") + "' 2>" + pipe.path();
  const ChildProcess recording({"sh", "-c", command});
  wait_until_written(scratch().file("started"));
  EXPECT_EQ(read_file(scratch().file("started")), "started\n");
  ::close(end);
}

TEST_F(KernelTest, TheTerminalsStopSignalsDoNotStopIt) {
  create(file("canary"));
  const auto recording = record();
  for (const int number : {SIGTSTP, SIGTTIN, SIGTTOU}) recording->send(number);
  const Canary canary(file("canary"), scratch().file("count"));
  EXPECT_TRUE(canary.alive());
  EXPECT_EQ(recording->stop().status, 0);
}

TEST_F(KernelTest, ACrashLeavesNoCoreOnTheRecordedFilesystem) {
  create(file("canary"));
  // Writing the core would wait for the process that crashed.
  const auto command = std::string("ulimit -c unlimited; exec ") + RFANREC_PATH + " -o " + trace() + " .";
  LaunchOptions in_root;
  in_root.directory = root();
  ChildProcess recording({"sh", "-c", command}, in_root);
  ASSERT_TRUE(recording.wait_for_stderr_line("rfanrec: recording")) << recording.err();
  const Canary canary(file("canary"), scratch().file("count"));
  ASSERT_TRUE(canary.alive());
  recording.send(SIGSEGV);
  EXPECT_TRUE(canary.alive());
  EXPECT_EQ(recording.wait().status, 128 + SIGSEGV);
  for (const auto& entry : fs::directory_iterator(root()))
    EXPECT_EQ(entry.path().filename().string().find("core"), std::string::npos) << entry.path();
}

}  // namespace
}  // namespace rfan::kernel_test
