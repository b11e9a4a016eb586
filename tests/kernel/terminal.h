// A terminal for a test, with a program in its foreground.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

namespace rfan::kernel_test {

// The program is the session leader of a pseudo-terminal, and dies with this object.
class Terminal {
 public:
  explicit Terminal(const std::vector<std::string>& command);
  ~Terminal();
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  void type(const std::string& keys) const;
  // Returns whether `text` is written within kPatience and before the program ends.
  bool shows(const std::string& text);
  // Returns the screen after reading for `time`, or until the program ends.
  const std::string& screen_after(std::chrono::milliseconds time);
  // Waits at most kPatience for the end of the program. Returns its exit status as a shell shows it.
  int wait();

 private:
  bool read_until(std::chrono::steady_clock::time_point deadline);

  pid_t pid_ = -1;
  int terminal_ = -1;
  std::string screen_;
};

}  // namespace rfan::kernel_test
