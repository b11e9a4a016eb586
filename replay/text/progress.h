// Shows the progress of a long scan on a terminal.
#pragma once

#include <chrono>
#include <cstdint>

namespace rfan::replay {

// Draws a line on standard error after the first second and removes it at the end. One thread; call clear()
// before writing anything else to standard error.
class Progress {
 public:
  explicit Progress(bool enabled) : enabled_(enabled) {}

  void begin(std::uint64_t total_events);
  void advance(std::uint64_t events);
  void end() { clear(); }
  void clear();

 private:
  using Clock = std::chrono::steady_clock;

  bool enabled_;
  bool drawn_ = false;
  std::uint64_t total_ = 0;
  std::uint64_t done_ = 0;
  Clock::time_point next_draw_{};
};

}  // namespace rfan::replay
