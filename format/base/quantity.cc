#include "format/base/quantity.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <span>
#include <string>

namespace rfan {
namespace {

struct Unit {
  std::string_view name;
  double factor;
};

constexpr std::array<Unit, 7> kTimes{
    {{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"m", 60e9}, {"h", 3600e9}, {"d", 86400e9}}};
constexpr std::array<Unit, 9> kSizes{{{"", 1},
                                      {"K", 0x1p10},
                                      {"M", 0x1p20},
                                      {"G", 0x1p30},
                                      {"T", 0x1p40},
                                      {"KB", 0x1p10},
                                      {"MB", 0x1p20},
                                      {"GB", 0x1p30},
                                      {"TB", 0x1p40}}};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Takes a decimal number off the front of `text`: no sign, no exponent, no "nan".
std::optional<double> take_number(std::string_view& text) {
  const auto first = text.substr(text.starts_with('.') ? 1 : 0);
  if (first.empty() || !is_digit(first.front())) return std::nullopt;
  double number = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (error != std::errc{}) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

// Takes the letters up to the next number off the front of `text`. Returns what they multiply it by.
std::optional<double> take_factor(std::string_view& text, std::span<const Unit> units) {
  const auto name = text.substr(0, text.find_first_of("0123456789."));
  const auto unit =
      std::find_if(units.begin(), units.end(), [&](const Unit& each) { return each.name == name; });
  if (unit == units.end()) return std::nullopt;
  text.remove_prefix(name.size());
  return unit->factor;
}

std::optional<double> sum_of_parts(std::string_view text) {
  double sum = 0;
  do {
    const auto number = take_number(text);
    const auto factor = number ? take_factor(text, kTimes) : std::nullopt;
    if (!factor) return std::nullopt;
    sum += *number * *factor;
  } while (!text.empty());
  return sum;
}

std::optional<double> lone_number(std::string_view text) {
  const auto number = take_number(text);
  return text.empty() ? number : std::nullopt;
}

}  // namespace

Result<std::uint64_t> parse_duration(std::string_view text) {
  constexpr double kMaxNs = 0x1p63;
  constexpr double kSecond = 1e9;
  auto ns = sum_of_parts(text);
  if (const auto seconds = lone_number(text)) ns = *seconds * kSecond;
  if (!ns || *ns >= kMaxNs)
    return Error{"not a duration", std::string(text), 0, "write 250us, 1.5ms, 10s, 1m30s, 2h or 7d"};
  return static_cast<std::uint64_t>(std::llround(*ns));
}

Result<std::uint64_t> parse_size(std::string_view text) {
  auto rest = text;
  const auto number = take_number(rest);
  const auto factor = number ? take_factor(rest, kSizes) : std::nullopt;
  const double bytes = factor ? *number * *factor : 0;
  if (!rest.empty() || bytes < 1 || bytes > 0x1p60)
    return Error{"not a size", std::string(text), 0, "write 512K, 256M, 10G or 1T"};
  return static_cast<std::uint64_t>(bytes);
}

}  // namespace rfan
