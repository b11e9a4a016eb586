// The verbs of the kernel tests: record a private tmpfs with the real rfanrec, touch files, read the trace
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

// rfanrec at work. The destructor kills it if the test did not stop it.
class Recording {
 public:
  Recording(const std::vector<std::string>& arguments, const LaunchOptions& options = {});

  // Whether it said that recording has begun; waits for that.
  bool begun() { return process_.wait_for_stderr_line("rfanrec: recording"); }
  void send(int signal) const { process_.send(signal); }
  Outcome stop(int signal = SIGINT);
  Outcome wait() { return process_.wait(); }
  std::string err() const { return process_.err(); }
  pid_t pid() const { return process_.pid(); }
  pid_t guardian() const;  // its only child process; once recording has begun

 private:
  ChildProcess process_;
};

// Needs root. Where that, or fanotify, or a mount is refused, the test is skipped with the reason, or fails
// if RFAN_REQUIRE_KERNEL_TESTS is set, so that a machine which must run them cannot lose them unnoticed.
// Everything is mounted in a mount namespace of the test program's own, which the kernel takes down with it.
class KernelTest : public ::testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;

  std::string file(const std::string& name) const {
    return tmpfs_->file(name);
  }  // on the recorded filesystem
  const std::string& root() const { return tmpfs_->path(); }
  const tests::ScratchDirectory& scratch() const { return *scratch_; }  // on another one
  std::string trace() const { return scratch_->file("trace.fbz"); }

  // `rfanrec -o TRACE OPTIONS... TMPFS`, begun when this returns (else the test has failed).
  std::unique_ptr<Recording> record(const std::vector<std::string>& options = {});
  // Stops `recording` with SIGINT, expects that nothing went wrong or got lost, and reads the trace.
  ReplayedTrace stop_and_replay(Recording& recording);
  // The files that storm() opens.
  void prepare_storm(std::size_t files) const;
  // open_storm WORDS... TMPFS, which must not be refused a single open.
  void storm(std::vector<std::string> words) const;
  // Every event is written, filtered out or lost: of the trace as `rfanreplay info` tells.
  TraceFigures expect_all_accounted_for() const;
  // `rfanrec -o TRACE OPTIONS... TMPFS -- COMMAND...`, to its end.
  Outcome record_command(const std::vector<std::string>& command);

  // Runs `body` in a forked child and waits for it: its events are those of the pid returned. A child that
  // does not return from `body` (it aborted, or was killed), or in which an EXPECT fails, fails the test.
  pid_t in_child(const std::function<void()>& body);

 private:
  std::unique_ptr<tests::ScratchDirectory> scratch_;
  std::unique_ptr<PrivateTmpfs> tmpfs_;
};

// Verbs for in_child(); each aborts the process when the system call fails.
void open_and_close(const std::string& path, int flags = 0);
void create(const std::string& path, const std::string& content = "x\n");
void list_directory(const std::string& path);

}  // namespace rfan::kernel_test
