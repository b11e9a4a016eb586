// A process that keeps opening a recorded file; it stands still as soon as nobody answers.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>

namespace rfan::kernel_test {

// Opens a file of the recorded filesystem every few milliseconds. Its progress is in memory that it shares
// with the test through a file on another filesystem. The destructor kills it and prints the longest wait,
// which includes waits for a CPU, and the number of refused opens. Tests assert alive(), never a time.
class Canary {
 public:
  Canary(const std::string& recorded_file, const std::string& progress_file);
  ~Canary();
  Canary(const Canary&) = delete;
  Canary& operator=(const Canary&) = delete;

  // Returns whether it opens once more within kPatience.
  bool alive() const;
  // Returns how many of its opens failed. It continues after a failure.
  std::uint64_t refused() const { return progress_->refused; }
  // Returns the longest time that one open has taken. An open that still waits counts up to now.
  std::chrono::milliseconds longest_wait() const;

 private:
  using Nanoseconds = std::atomic<std::int64_t>;  // of the monotonic clock
  struct Progress {
    std::atomic<std::uint64_t> rounds;  // opens that succeeded
    std::atomic<std::uint64_t> refused;
    Nanoseconds longest;
    Nanoseconds waiting_since;  // 0: not waiting
  };
  static_assert(std::atomic<std::uint64_t>::is_always_lock_free && Nanoseconds::is_always_lock_free,
                "two processes share them");

  [[noreturn]] void keep_opening(const std::string& path, pid_t parent);

  Progress* progress_;
  pid_t pid_;
};

}  // namespace rfan::kernel_test
