// Formats times and durations.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "replay/trace/timeline.h"

namespace rfan::replay {

enum class TimeStyle : std::uint8_t { kLocal, kUtc, kRelative };

// Returns by how many bytes a time with kMaxDecimals is longer than one with `decimals`, including the point.
constexpr std::size_t surplus_of(unsigned decimals) {
  return kMaxDecimals - decimals + (decimals == 0 ? 1U : 0U);
}

// Formats moments of one trace. Remembers the last second, so that a moment in the same second needs no
// calendar arithmetic. One thread; `timeline` must outlive it.
class TimeFormat {
 public:
  TimeFormat(const Timeline& timeline, TimeStyle style)
      : timeline_(timeline), clock_(timeline), style_(style), surplus_(surplus_of(timeline.decimals())) {}

  static constexpr std::size_t kMaxBytes = 40;

  // Writes "2026-11-22 10:31:02.12345", or seconds since the start of the trace, right-aligned in 13 columns,
  // with as many decimals as the trace's times have. Needs room for kMaxBytes; returns the end.
  char* append(std::uint64_t monotonic_ns, char* out);

  // Returns "10:31:02.1" or "+5.1" for notes, with the date unless it is the day on which the trace began.
  std::string brief(std::uint64_t monotonic_ns);

  // Returns "2026-11-22 10:31:02.12345 +0100" ("UTC" with kUtc) for the dates of `info`. Ignores kRelative.
  std::string full_date(std::uint64_t realtime_ns) const;

 private:
  char* append_relative(std::uint64_t monotonic_ns, char* out) const;
  void set_second(std::uint64_t second);

  const Timeline& timeline_;
  WallClock clock_;
  TimeStyle style_;
  std::size_t surplus_;                // surplus_of() the decimals of the trace
  std::uint64_t second_ = UINT64_MAX;  // since the epoch; shown by second_text_
  static constexpr std::size_t kSecondBytes = 20;
  char second_text_[kSecondBytes] = {};  // "2026-11-22 10:31:02."
};

// Sets how moments of several files are shown: since the start of the first file, with the decimals of the
// coarsest.
struct MomentScale {
  std::optional<std::uint64_t> start_ns;  // steady
  unsigned decimals = kMaxDecimals;

  // Takes in one file. Precondition: `timeline` has started.
  void add(const Timeline& timeline);
};

// Returns the text that TimeFormat::append() writes; with kRelative, seconds since the start without padding.
std::string moment_text(const Moment& moment, const MomentScale& scale, TimeStyle style);

}  // namespace rfan::replay
