#include "recorder/command.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>

namespace rfan::recorder {

namespace {

[[noreturn]] void run_child(const std::vector<std::string>& argv, const InheritedSignals& signals, int go,
                            int failure) {
  char byte = 0;
  if (::read(go, &byte, 1) != 1) ::_exit(127);  // the recorder gave up
  std::vector<char*> words;
  for (const auto& word : argv) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  signals.restore();
  ::execvp(words[0], words.data());
  const int error = errno;
  // If this fails, nobody is left to tell.
  [[maybe_unused]] const auto written = ::write(failure, &error, sizeof error);
  ::_exit(127);
}

// Returns the children of this process; orphans are given to its main thread. Returns nothing on kernels
// without CONFIG_PROC_CHILDREN (proc(5)).
std::vector<pid_t> list_children() {
  const auto pid = std::to_string(::getpid());
  std::ifstream list("/proc/self/task/" + pid + "/children");
  return {std::istream_iterator<pid_t>(list), {}};
}

}  // namespace

Result<Command> Command::spawn(const std::vector<std::string>& argv, const InheritedSignals& signals,
                               bool adopt_orphans) {
  if (adopt_orphans) ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  std::array<int, 2> go{};
  std::array<int, 2> failure{};
  if (::pipe2(go.data(), O_CLOEXEC) != 0) return errno_error("cannot create a pipe");
  UniqueFd go_read(go[0]);
  Command command;
  command.go_.reset(go[1]);
  if (::pipe2(failure.data(), O_CLOEXEC) != 0) return errno_error("cannot create a pipe");
  command.failure_.reset(failure[0]);
  UniqueFd failure_write(failure[1]);
  command.name_ = argv[0];
  command.older_children_ = list_children();
  command.pid_ = ::fork();
  if (command.pid_ < 0) return errno_error("cannot start", argv[0]);
  if (command.pid_ == 0) {
    command.go_.reset();
    run_child(argv, signals, go_read.get(), failure_write.get());
  }
  command.pidfd_.reset(static_cast<int>(::syscall(SYS_pidfd_open, command.pid_, 0)));
  if (!command.pidfd_) return errno_error("cannot watch the process of", argv[0]);
  return command;
}

Status Command::release() {
  const char byte = 1;
  if (::write(go_.get(), &byte, 1) != 1) return errno_error("cannot start", name_);
  go_.reset();
  int error = 0;
  if (::read(failure_.get(), &error, sizeof error) == static_cast<ssize_t>(sizeof error)) {
    errno = error;
    return errno_error("cannot run", name_);
  }
  return {};
}

void Command::signal(int number) const {
  if (!status_) ::kill(pid_, number);
}

std::optional<int> Command::exit_status() {
  int status = 0;
  if (!status_ && ::waitpid(pid_, &status, WNOHANG) == pid_) {
    status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  return status_;
}

bool Command::was_stopped() const {
  siginfo_t info{};
  return ::waitid(P_PID, static_cast<id_t>(pid_), &info, WSTOPPED | WNOHANG) == 0 && info.si_pid == pid_;
}

bool Command::has_left_descendants() const {
  const auto children = list_children();
  return std::any_of(children.begin(), children.end(), [&](pid_t child) {
    const bool older =
        std::find(older_children_.begin(), older_children_.end(), child) != older_children_.end();
    return !older && ::waitpid(child, nullptr, WNOHANG) != child;
  });
}

Status find_program(const std::string& name) {
  if (name.find('/') != std::string::npos) {
    return ::access(name.c_str(), X_OK) == 0 ? Status() : errno_error("cannot run", name);
  }
  const char* variable = std::getenv("PATH");
  const std::string path = variable != nullptr ? variable : "/bin:/usr/bin";
  int error = ENOENT;
  for (std::size_t begin = 0, end = 0; end != std::string::npos; begin = end + 1) {
    end = path.find(':', begin);
    // An empty entry, also at the end, is the working directory.
    auto program = path.substr(begin, end - begin);
    program.append(program.empty() ? "./" : "/").append(name);
    struct stat status {};
    if (::stat(program.c_str(), &status) != 0 || S_ISDIR(status.st_mode)) continue;
    if (::access(program.c_str(), X_OK) == 0) return {};
    error = EACCES;
  }
  errno = error;
  return errno_error("cannot run", name);
}

}  // namespace rfan::recorder
