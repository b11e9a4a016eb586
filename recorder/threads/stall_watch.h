// Notices that the reader thread did not come round.
#pragma once

#include <cstdint>
#include <optional>

namespace rfan::recorder {

// Compares the time between two steps of the reader with how long it meant to sleep. Reader thread.
class StallWatch {
 public:
  // A delay shorter than this is no stall.
  static constexpr std::uint64_t kStallNs = 100'000'000;

  // CLOCK_MONOTONIC.
  struct Stall {
    std::uint64_t since_ns = 0;
    std::uint64_t until_ns = 0;
  };

  // The reader is about to sleep for at most this long.
  void allow_idle(std::uint64_t ns) { idle_ns_ += ns; }
  // The reader is at work. Returns the stall that has just ended, if there was one.
  std::optional<Stall> progress(std::uint64_t now_ns);
  // Somebody else has noticed a stall that ended at `now_ns`.
  void restart(std::uint64_t now_ns) { progress_ns_ = now_ns; }

 private:
  std::uint64_t progress_ns_ = 0;  // 0: never yet
  std::uint64_t idle_ns_ = 0;      // that it may have slept since
};

}  // namespace rfan::recorder
