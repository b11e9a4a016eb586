#include "tests/kernel/terminal.h"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <stdexcept>

#include "tests/kernel/child_process.h"

namespace rfan::kernel_test {

using std::chrono::steady_clock;

Terminal::Terminal(const std::vector<std::string>& command) {
  std::vector<std::string> words = command;
  std::vector<char*> argv;
  for (auto& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  pid_ = ::forkpty(&terminal_, nullptr, nullptr, nullptr);
  if (pid_ < 0) throw std::runtime_error("no pseudo-terminal");
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    set_default_signals();
    ::execvp(argv[0], argv.data());
    ::_exit(125);
  }
  ::fcntl(terminal_, F_SETFD, FD_CLOEXEC);
}

Terminal::~Terminal() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    wait();
  }
  ::close(terminal_);
}

void Terminal::type(const std::string& keys) const {
  if (::write(terminal_, keys.data(), keys.size()) != static_cast<ssize_t>(keys.size()))
    throw std::runtime_error("cannot type");
}

// Returns false at the deadline, and when no process has the terminal any more.
bool Terminal::read_until(steady_clock::time_point deadline) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - steady_clock::now());
  pollfd ready{terminal_, POLLIN, 0};
  std::array<char, 4096> part;
  if (left.count() <= 0 || ::poll(&ready, 1, static_cast<int>(left.count())) <= 0) return false;
  const auto bytes = ::read(terminal_, part.data(), part.size());
  if (bytes > 0) screen_.append(part.data(), static_cast<std::size_t>(bytes));
  return bytes > 0;
}

bool Terminal::shows(const std::string& text) {
  const auto deadline = steady_clock::now() + kPatience;
  while (screen_.find(text) == std::string::npos) {
    if (!read_until(deadline)) return false;
  }
  return true;
}

const std::string& Terminal::screen_after(std::chrono::milliseconds time) {
  const auto deadline = steady_clock::now() + time;
  while (read_until(deadline)) continue;
  return screen_;
}

int Terminal::wait() {
  // Keep reading, or the program cannot finish its output.
  const auto deadline = steady_clock::now() + kPatience;
  while (read_until(deadline)) continue;
  if (steady_clock::now() >= deadline) ::kill(pid_, SIGKILL);
  int status = 0;
  ::waitpid(pid_, &status, 0);
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace rfan::kernel_test
