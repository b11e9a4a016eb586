#include "replay/trace/time_format.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <ctime>

namespace rfan::replay {
namespace {

constexpr std::uint64_t kNsPerSecond = 1'000'000'000;
constexpr std::size_t kRelativeWidth = 13;

std::tm broken_down(std::uint64_t second, TimeStyle style) {
  const auto time = static_cast<std::time_t>(second);
  std::tm parts{};
  if (style == TimeStyle::kUtc) {
    gmtime_r(&time, &parts);
  } else {
    localtime_r(&time, &parts);
  }
  return parts;
}

std::string strftime_text(const char* format, const std::tm& parts) {
  char text[64];
  return {text, std::strftime(text, sizeof text, format, &parts)};
}

static_assert(kMaxDecimals == 6);
// Writes exactly six digits, with leading zeros.
char* append_six_digits(std::uint32_t value, char* out) {
  for (int i = 5; i >= 0; --i, value /= 10) out[i] = static_cast<char>('0' + value % 10);
  return out + 6;
}

// Returns `seconds` with six decimals from `ns`, without the last `surplus` bytes.
std::string decimal_text(const std::string& seconds, std::uint64_t ns, std::size_t surplus) {
  auto text = fmt::format("{}.{:06}", seconds, ns % kNsPerSecond / 1000);
  text.resize(text.size() - surplus);
  return text;
}

char* append_number(std::uint64_t value, char* out) {
  const auto text = fmt::format_int(value);
  return std::copy_n(text.data(), text.size(), out);
}

}  // namespace

void TimeFormat::set_second(std::uint64_t second) {
  // 64-bit nanoseconds end in the year 2554, so the text always has the same length.
  strftime_text("%Y-%m-%d %H:%M:%S.", broken_down(second, style_)).copy(second_text_, kSecondBytes);
  second_ = second;
}

char* TimeFormat::append_relative(std::uint64_t monotonic_ns, char* out) const {
  const auto since_start = monotonic_ns - std::min(timeline_.start_ns(), monotonic_ns);
  char digits[24];
  const auto count = static_cast<std::size_t>(append_number(since_start / kNsPerSecond, digits) - digits);
  const auto width = count + 1 + kMaxDecimals - surplus_;
  out = std::fill_n(out, kRelativeWidth > width ? kRelativeWidth - width : 0, ' ');
  out = std::copy_n(digits, count, out);
  *out++ = '.';
  return append_six_digits(static_cast<std::uint32_t>(since_start % kNsPerSecond / 1000), out) - surplus_;
}

char* TimeFormat::append(std::uint64_t monotonic_ns, char* out) {
  if (style_ == TimeStyle::kRelative) return append_relative(monotonic_ns, out);
  const auto realtime_ns = clock_.realtime_ns(monotonic_ns);
  const auto second = realtime_ns / kNsPerSecond;
  if (second != second_) set_second(second);
  std::memcpy(out, second_text_, kSecondBytes);
  return append_six_digits(static_cast<std::uint32_t>((realtime_ns - second * kNsPerSecond) / 1000),
                           out + kSecondBytes) -
         surplus_;
}

std::string TimeFormat::brief(std::uint64_t monotonic_ns) {
  if (style_ == TimeStyle::kRelative) {
    const auto since_start = monotonic_ns - std::min(timeline_.start_ns(), monotonic_ns);
    return fmt::format("+{}.{}", since_start / kNsPerSecond,
                       since_start % kNsPerSecond / (kNsPerSecond / 10));
  }
  const auto realtime_ns = clock_.realtime_ns(monotonic_ns);
  const auto parts = broken_down(realtime_ns / kNsPerSecond, style_);
  const auto start = broken_down(timeline_.start_realtime_ns() / kNsPerSecond, style_);
  const bool same_day = parts.tm_yday == start.tm_yday && parts.tm_year == start.tm_year;
  return fmt::format("{}.{}", strftime_text(same_day ? "%H:%M:%S" : "%Y-%m-%d %H:%M:%S", parts),
                     realtime_ns % kNsPerSecond / (kNsPerSecond / 10));
}

std::string TimeFormat::full_date(std::uint64_t realtime_ns) const {
  const auto parts = broken_down(realtime_ns / kNsPerSecond, style_);
  return fmt::format("{} {}", decimal_text(strftime_text("%Y-%m-%d %H:%M:%S", parts), realtime_ns, surplus_),
                     style_ == TimeStyle::kUtc ? "UTC" : strftime_text("%z", parts));
}

void MomentScale::add(const Timeline& timeline) {
  if (!start_ns) start_ns = timeline.steady_ns(timeline.start_ns());
  decimals = std::min(decimals, timeline.decimals());
}

std::string moment_text(const Moment& moment, const MomentScale& scale, TimeStyle style) {
  const auto surplus = surplus_of(scale.decimals);
  if (style == TimeStyle::kRelative) {
    const auto since_start = moment.steady_ns - std::min(scale.start_ns.value_or(0), moment.steady_ns);
    return decimal_text(std::to_string(since_start / kNsPerSecond), since_start, surplus);
  }
  const auto parts = broken_down(moment.realtime_ns / kNsPerSecond, style);
  return decimal_text(strftime_text("%Y-%m-%d %H:%M:%S", parts), moment.realtime_ns, surplus);
}

}  // namespace rfan::replay
