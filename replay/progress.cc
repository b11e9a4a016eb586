#include "replay/progress.h"

#include <fmt/format.h>

#include <cstdio>

#include "format/number_text.h"

namespace rfan::replay {

void Progress::begin(std::uint64_t total_events) {
  total_ = total_events;
  done_ = 0;
  next_draw_ = Clock::now() + std::chrono::seconds(1);
}

void Progress::advance(std::uint64_t events) {
  done_ += events;
  if (!enabled_ || total_ == 0) return;
  const auto now = Clock::now();
  if (now < next_draw_) return;
  next_draw_ = now + std::chrono::milliseconds(200);
  drawn_ = true;
  fmt::print(stderr, "\r{:3} % of {} events\x1b[K", done_ * 100 / total_, format::count_text(total_));
  std::fflush(stderr);
}

void Progress::clear() {
  if (!drawn_) return;
  fmt::print(stderr, "\r\x1b[K");
  std::fflush(stderr);
  drawn_ = false;
}

}  // namespace rfan::replay
