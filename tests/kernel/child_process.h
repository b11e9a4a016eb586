// Starts a program, watches over it, and never waits for it for ever.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <csignal>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/support/scratch_directory.h"

namespace rfan::kernel_test {

// How a program ended. `status` is as the shell shows it: exit status, or 128 + signal.
struct Outcome {
  int status = -1;
  std::string out;
  std::string err;
};

// How long a test waits for what must come, on the slowest machine.
inline constexpr std::chrono::seconds kPatience{100};

struct LaunchOptions {
  std::vector<std::pair<std::string, std::string>> environment = {};  // added to ours
  std::string directory = {};                                         // working directory; empty: ours
  bool as_nobody = false;                                             // uid and gid 65534, no capabilities
  std::vector<int> ignored = {};               // signals; the others have their default
  std::chrono::seconds limit = 2 * kPatience;  // then it is killed: before ctest ends the test
};

// A running program with stdout and stderr going to files, so that nobody has to drain pipes. It dies with
// the test (PR_SET_PDEATHSIG), with this object, and at its time limit: a permission mark whose owner is dead
// blocks nobody. It leads a process group of its own; what it leaves behind in there dies when it has ended.
class ChildProcess {
 public:
  explicit ChildProcess(const std::vector<std::string>& command, const LaunchOptions& options = {});
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  pid_t pid() const { return pid_; }
  // True when a line of stderr begins with `text` before the program ends and within kPatience.
  bool wait_for_stderr_line(const std::string& text);
  void send(int signal) const;
  bool ended() const;
  Outcome wait();  // until it ends, by itself or at the time limit
  std::string err() const;

 private:
  tests::ScratchDirectory logs_;
  pid_t pid_ = -1;
  int pidfd_ = -1;
  std::jthread watchdog_;  // SIGKILLs at the time limit, also while the test itself hangs in an open
};

// For a forked child: the shell that runs the tests may ignore some (sh(1) does so in the background).
void set_default_signals();

// Starts `command`, waits for its end.
Outcome run(const std::vector<std::string>& command, const LaunchOptions& options = {});

std::string read_file(const std::string& path);  // empty when it cannot be read
void write_file(const std::string& path, const std::string& content);

}  // namespace rfan::kernel_test
