#include "tests/kernel/child_process.h"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <mutex>
#include <stdexcept>

namespace rfan::kernel_test {
namespace {

constexpr unsigned kNobody = 65534;
constexpr int kLaunchFailed = 125;  // as in env(1) and timeout(1)

int open_log(const std::string& path) {
  return ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_APPEND, 0600);
}

// Runs between fork and exec. Sets the credentials first, because changing them clears the death signal.
[[noreturn]] void become(std::vector<char*>& argv, const LaunchOptions& options, pid_t parent, int out,
                         int err) {
  if (options.as_nobody && (::setgroups(0, nullptr) != 0 || ::setresgid(kNobody, kNobody, kNobody) != 0 ||
                            ::setresuid(kNobody, kNobody, kNobody) != 0)) {
    ::_exit(kLaunchFailed);
  }
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(kLaunchFailed);
  if (!options.directory.empty() && ::chdir(options.directory.c_str()) != 0) ::_exit(kLaunchFailed);
  for (const auto& [name, value] : options.environment) ::setenv(name.c_str(), value.c_str(), 1);
  set_default_signals();
  for (const int number : options.ignored) ::signal(number, SIG_IGN);
  ::dup2(out, STDOUT_FILENO);
  ::dup2(err, STDERR_FILENO);
  ::execvp(argv[0], argv.data());
  ::_exit(kLaunchFailed);
}

void kill_at_limit(std::stop_token stop, int pidfd, std::chrono::seconds limit) {
  std::mutex mutex;
  std::condition_variable_any stopped;
  std::unique_lock lock(mutex);
  stopped.wait_for(lock, stop, limit, [] { return false; });
  if (!stop.stop_requested()) ::syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, nullptr, 0);
}

}  // namespace

void set_default_signals() {
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  for (int number = 1; number <= SIGRTMAX; ++number) ::signal(number, SIG_DFL);
}

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write_file(const std::string& path, const std::string& content) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
}

ChildProcess::ChildProcess(const std::vector<std::string>& command, const LaunchOptions& options) {
  std::vector<std::string> words = command;
  std::vector<char*> argv;
  for (auto& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);

  const int out = open_log(logs_.file("out"));
  const int err = open_log(logs_.file("err"));
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ == 0) become(argv, options, parent, out, err);
  ::close(out);
  ::close(err);
  if (pid_ < 0) throw std::runtime_error("fork failed");
  pidfd_ = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
  watchdog_ = std::jthread(kill_at_limit, pidfd_, options.limit);
}

ChildProcess::~ChildProcess() {
  if (pid_ > 0) {
    send(SIGKILL);
    wait();
  }
  ::close(pidfd_);
}

bool ChildProcess::ended() const {
  pollfd ready{pidfd_, POLLIN, 0};
  return ::poll(&ready, 1, 0) > 0;
}

bool ChildProcess::wait_for_stderr_line(const std::string& text) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (std::chrono::steady_clock::now() < deadline) {
    if (("\n" + err()).find("\n" + text) != std::string::npos) return true;
    if (ended()) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return false;
}

void ChildProcess::send(int signal) const {
  ::syscall(SYS_pidfd_send_signal, pidfd_, signal, nullptr, 0);
}

Outcome ChildProcess::wait() {
  siginfo_t ended{};
  while (::waitid(P_PID, static_cast<id_t>(pid_), &ended, WEXITED | WNOWAIT) < 0 && errno == EINTR) continue;
  // Its number stays its own until it is reaped. In a pipeline the shell ends first.
  ::kill(-pid_, SIGKILL);
  int wait_status = 0;
  while (::waitpid(pid_, &wait_status, 0) < 0 && errno == EINTR) continue;
  pid_ = -1;
  watchdog_.request_stop();
  watchdog_.join();
  const int status = WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 128 + WTERMSIG(wait_status);
  return {status, read_file(logs_.file("out")), err()};
}

std::string ChildProcess::err() const {
  return read_file(logs_.file("err"));
}

Outcome run(const std::vector<std::string>& command, const LaunchOptions& options) {
  return ChildProcess(command, options).wait();
}

}  // namespace rfan::kernel_test
