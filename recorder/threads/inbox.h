// Messages of other threads to the writer thread.
#pragma once

#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "format/model/event.h"
#include "format/model/trace_info.h"

namespace rfan::recorder {

// Keeps messages until the writer thread takes them. Any thread may add.
class Inbox {
 public:
  struct Messages {
    std::vector<std::string> filesystems{};       // mount points of what is about to be marked
    std::vector<format::MountCoverage> mounts{};  // that appeared
    std::vector<format::ClockSample> clocks{};    // after a clock was set
    std::vector<format::Loss> losses{};
  };

  template <typename Add>
  void add(Add&& add) {
    const std::lock_guard lock(mutex_);
    add(messages_);
  }
  Messages take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(messages_, {});
  }

 private:
  std::mutex mutex_;
  Messages messages_;
};

}  // namespace rfan::recorder
