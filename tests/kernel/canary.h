// A process that keeps opening a recorded file: it stands still as soon as nobody answers.
#pragma once

#include <chrono>
#include <string>
#include <thread>

#include "tests/kernel/child_process.h"
#include "tests/kernel/private_tmpfs.h"

namespace rfan::kernel_test {

// Opens a file of the recorded filesystem over and over, and counts the rounds in a file on another one.
class Canary {
 public:
  Canary(const std::string& recorded_file, const std::string& count_file)
      : count_file_(count_file),
        process_({"sh", "-c",
                  "i=0; while :; do read x < " + recorded_file + "; i=$((i+1)); echo $i > " + count_file +
                      "; sleep 0.005; done"}) {}

  // Whether it gets on: counts further, within kPatience.
  bool alive() const {
    const auto before = read_file(count_file_);
    for (const auto deadline = std::chrono::steady_clock::now() + kPatience;
         std::chrono::steady_clock::now() < deadline;) {
      const auto now = read_file(count_file_);
      if (!now.empty() && now != before) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return false;
  }

 private:
  std::string count_file_;
  ChildProcess process_;
};

}  // namespace rfan::kernel_test
