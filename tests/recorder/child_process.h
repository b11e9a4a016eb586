// A process of a test's own, to be looked at in /proc.
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace rfan::recorder {

// Runs a program from the end of its exec until the object goes.
class ChildProcess {
 public:
  // `argv[0]` is the absolute path of the program.
  explicit ChildProcess(const std::vector<std::string>& argv) {
    std::array<int, 2> executed{};
    if (::pipe2(executed.data(), O_CLOEXEC) != 0) throw std::runtime_error("pipe2 failed");
    std::vector<char*> words;
    for (const auto& word : argv) words.push_back(const_cast<char*>(word.c_str()));
    words.push_back(nullptr);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::execv(words[0], words.data());
      ::_exit(127);
    }
    ::close(executed[1]);
    // Ends when the exec closes the child's copy.
    char byte = 0;
    [[maybe_unused]] const auto ended = ::read(executed[0], &byte, 1);
    ::close(executed[0]);
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

// A pid that nobody has: of a child that was just reaped.
inline std::uint32_t pid_of_nobody() {
  ChildProcess child({"/bin/true"});
  const auto pid = child.pid();
  child.end();
  return pid;
}

}  // namespace rfan::recorder
