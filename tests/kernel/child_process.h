// Starts a program, watches over it, and bounds every wait for it.
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

// How a program ended. `status` is the exit status as a shell shows it (128 + N for signal N).
struct Outcome {
  int status = -1;
  std::string out;
  std::string err;
};

// The longest wait for an expected result, on the slowest machine.
inline constexpr std::chrono::seconds kPatience{100};

struct LaunchOptions {
  std::vector<std::pair<std::string, std::string>> environment = {};  // added to ours
  std::string directory = {};                                         // working directory; empty: ours
  bool as_nobody = false;                                             // uid and gid 65534, no capabilities
  std::vector<int> ignored = {};               // ignored signals; the others have their default
  std::chrono::seconds limit = 2 * kPatience;  // time until it is killed, before ctest ends the test
};

// A running program. Its stdout and stderr go to files, so nobody must drain pipes. It dies with the test
// (PR_SET_PDEATHSIG), with this object, and at its time limit: a permission mark whose owner is dead blocks
// nobody. It leads its own process group; all other processes of the group die when it has ended.
class ChildProcess {
 public:
  explicit ChildProcess(const std::vector<std::string>& command, const LaunchOptions& options = {});
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  pid_t pid() const { return pid_; }
  // Returns true if a line of stderr begins with `text` before the program ends and within kPatience.
  bool wait_for_stderr_line(const std::string& text);
  void send(int signal) const;
  bool ended() const;
  Outcome wait();  // waits until it ends, by itself or at the time limit
  std::string err() const;

 private:
  tests::ScratchDirectory logs_;
  pid_t pid_ = -1;
  int pidfd_ = -1;
  std::jthread watchdog_;  // kills at the time limit, even if the test itself hangs in an open
};

// Resets signals in a forked child: the shell that runs the tests may ignore some (sh(1) does so in the
// background).
void set_default_signals();

// Runs `command` to its end.
Outcome run(const std::vector<std::string>& command, const LaunchOptions& options = {});

std::string read_file(const std::string& path);  // empty on failure
void write_file(const std::string& path, const std::string& content);

}  // namespace rfan::kernel_test
