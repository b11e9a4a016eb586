// How times and durations are shown.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "replay/trace/timeline.h"

namespace rfan::replay {

enum class TimeStyle : std::uint8_t { kLocal, kUtc, kRelative };

// How many bytes a time with kMaxDecimals has more than one with `decimals`, the point included.
constexpr std::size_t surplus_of(unsigned decimals) {
  return kMaxDecimals - decimals + (decimals == 0 ? 1U : 0U);
}

// Shows moments of one trace. One thread; remembers the second it showed last, so that a moment in the same
// second costs no calendar arithmetic. `timeline` must outlive it.
class TimeFormat {
 public:
  TimeFormat(const Timeline& timeline, TimeStyle style)
      : timeline_(timeline), clock_(timeline), style_(style), surplus_(surplus_of(timeline.decimals())) {}

  static constexpr std::size_t kMaxBytes = 40;

  // "2026-11-22 10:31:02.12345", or seconds since the start of the trace, right-aligned in 13 columns, with
  // as many decimals as the times of the trace have. Needs room for kMaxBytes; returns the end.
  char* append(std::uint64_t monotonic_ns, char* out);

  // For notes: "10:31:02.1", "+5.1"; with the date when it is not the day on which the trace began.
  std::string brief(std::uint64_t monotonic_ns);

  // "2026-11-22 10:31:02.12345 +0100" ("UTC" with kUtc), whatever the style is otherwise. For the dates of
  // `info`.
  std::string full_date(std::uint64_t realtime_ns) const;

 private:
  char* append_relative(std::uint64_t monotonic_ns, char* out) const;
  void set_second(std::uint64_t second);

  const Timeline& timeline_;
  WallClock clock_;
  TimeStyle style_;
  std::size_t surplus_;                // of the bytes of a time with kMaxDecimals
  std::uint64_t second_ = UINT64_MAX;  // since the epoch, what second_text_ says
  static constexpr std::size_t kSecondBytes = 20;
  char second_text_[kSecondBytes] = {};  // "2026-11-22 10:31:02."
};

// How the moments of several files are shown: since the start of the first, with the decimals of the
// coarsest.
struct MomentScale {
  std::optional<std::uint64_t> start_ns;  // steady
  unsigned decimals = kMaxDecimals;

  // `timeline` has started.
  void add(const Timeline& timeline);
};

// As TimeFormat::append() shows it; seconds since the start with kRelative, not padded.
std::string moment_text(const Moment& moment, const MomentScale& scale, TimeStyle style);

}  // namespace rfan::replay
