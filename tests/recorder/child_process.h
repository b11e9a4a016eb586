// A child process of a test, for reading in /proc.
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <concepts>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace rfan::recorder {

// A child that has finished its exec or its action; it lives until the object is destroyed.
class ChildProcess {
 public:
  // `argv[0]` is the absolute path of the program.
  explicit ChildProcess(const std::vector<std::string>& argv)
      : ChildProcess([&] {
          std::vector<char*> words;
          for (const auto& word : argv) words.push_back(const_cast<char*>(word.c_str()));
          words.push_back(nullptr);
          ::execv(words[0], words.data());
          ::_exit(127);
        }) {}
  // Forks the test; the child calls `act` and then waits.
  template <std::invocable Act>
  explicit ChildProcess(Act&& act) {
    std::array<int, 2> done{};
    if (::pipe2(done.data(), O_CLOEXEC) != 0) throw std::runtime_error("pipe2 failed");
    pid_ = ::fork();
    if (pid_ < 0) throw std::runtime_error("fork failed");
    if (pid_ == 0) {
      act();
      ::close(done[1]);
      for (;;) ::pause();
    }
    ::close(done[1]);
    // The read ends when the exec, or the child itself, closes the child's copy.
    char byte = 0;
    [[maybe_unused]] const auto ended = ::read(done[0], &byte, 1);
    ::close(done[0]);
  }
  ~ChildProcess() { end(); }
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  std::uint32_t pid() const { return static_cast<std::uint32_t>(pid_); }

  void end() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }

 private:
  pid_t pid_ = -1;
};

// Returns an unused pid: that of a child that was just reaped.
inline std::uint32_t pid_of_nobody() {
  ChildProcess child({"/bin/true"});
  const auto pid = child.pid();
  child.end();
  return pid;
}

}  // namespace rfan::recorder
