#include "replay/text/progress.h"

#include <fmt/format.h>

#include "format/base/number_text.h"
#include "replay/text/standard_error.h"

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
  write_to_standard_error(
      fmt::format("\r{:3} % of {} events\x1b[K", done_ * 100 / total_, format::count_text(total_)));
}

void Progress::clear() {
  if (!drawn_) return;
  write_to_standard_error("\r\x1b[K");
  drawn_ = false;
}

}  // namespace rfan::replay
