// The verbs of the kernel tests: record a private tmpfs with the real rfanrec, access files, read the trace
// back.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tests/kernel/child_process.h"
#include "tests/kernel/private_tmpfs.h"
#include "tests/kernel/replayed_trace.h"

namespace rfan::kernel_test {

// A running rfanrec. The destructor kills it if the test did not stop it.
class Recording {
 public:
  Recording(const std::vector<std::string>& arguments, const LaunchOptions& options = {});

  // Waits until it says that recording has begun. Returns false if it never does.
  bool begun() { return process_.wait_for_stderr_line("rfanrec: recording"); }
  void send(int signal) const { process_.send(signal); }
  Outcome stop(int signal = SIGINT);
  Outcome wait() { return process_.wait(); }
  std::string err() const { return process_.err(); }
  pid_t pid() const { return process_.pid(); }
  pid_t guardian() const;  // its only child process; call it once recording has begun

 private:
  ChildProcess process_;
};

// Needs root. If root, fanotify or a mount is refused, the test is skipped with the reason. It fails instead
// if RFAN_REQUIRE_KERNEL_TESTS is set, so that a machine that must run these tests notices. All mounts are in
// a mount namespace of the test program, which the kernel removes with the program.
class KernelTest : public ::testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;

  std::string file(const std::string& name) const {
    return tmpfs_->file(name);
  }  // on the recorded filesystem
  const std::string& root() const { return tmpfs_->path(); }
  const tests::ScratchDirectory& scratch() const { return *scratch_; }  // on another filesystem
  std::string trace() const { return scratch_->file("trace.fbz"); }

  // Starts `rfanrec -o TRACE OPTIONS... TMPFS` and returns when it has begun; otherwise the test has failed.
  std::unique_ptr<Recording> record(const std::vector<std::string>& options = {});
  // Stops `recording` with SIGINT, expects no error and no loss, and reads the trace.
  ReplayedTrace stop_and_replay(Recording& recording);
  // Creates the files that storm() opens.
  void prepare_storm(std::size_t files) const;
  // Runs open_storm WORDS... TMPFS and expects that none of its opens is refused.
  void storm(std::vector<std::string> words) const;
  // Expects that every event is written, filtered out or lost, according to `rfanreplay info`.
  TraceFigures expect_all_accounted_for() const;
  // Runs `rfanrec -o TRACE OPTIONS... TMPFS -- COMMAND...` to its end.
  Outcome record_command(const std::vector<std::string>& command);

  // Runs `body` in a forked child and waits for it. Returns the pid of the child, which owns the events. The
  // test fails if the child does not return from `body` (it aborted or was killed), or if an EXPECT fails in
  // it.
  pid_t in_child(const std::function<void()>& body);

 private:
  std::unique_ptr<tests::ScratchDirectory> scratch_;
  std::unique_ptr<PrivateTmpfs> tmpfs_;
};

// Verbs for in_child(). Each aborts the process if its system call fails.
void open_and_close(const std::string& path, int flags = 0);
void create(const std::string& path, const std::string& content = "x\n");
void list_directory(const std::string& path);

}  // namespace rfan::kernel_test
