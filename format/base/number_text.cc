#include "format/base/number_text.h"

#include <algorithm>
#include <charconv>
#include <string_view>

namespace rfan::format {

namespace {

char* append_number(std::uint64_t number, char* out) {
  constexpr std::size_t kMaxDigits = 20;
  return std::to_chars(out, out + kMaxDigits, number).ptr;
}

char* append_text(std::string_view text, char* out) {
  return std::copy(text.begin(), text.end(), out);
}

struct Unit {
  std::uint64_t ns;
  std::string_view name;
};

}  // namespace

char* append_latency(std::uint64_t ns, char* out) {
  if (ns < 1000) return append_text("ns", append_number(ns, out));
  constexpr std::uint64_t kSecondNs = 1'000'000'000;
  static constexpr Unit kUnits[] = {{1'000, "us"}, {1'000'000, "ms"}, {kSecondNs, "s"}};
  for (const auto& unit : kUnits) {
    const auto tenths = (ns + unit.ns / 20) / (unit.ns / 10);
    if (tenths >= 10'000 && unit.ns != kSecondNs) continue;  // 999.95us is 1.0ms
    out = append_number(tenths / 10, out);
    *out++ = '.';
    *out++ = static_cast<char>('0' + tenths % 10);
    return append_text(unit.name, out);
  }
  return out;
}

std::string latency_text(std::uint64_t ns) {
  char text[24];
  return {text, append_latency(ns, text)};
}

std::string count_text(std::uint64_t count) {
  std::string digits = std::to_string(count);
  for (std::size_t at = digits.size(); at > 3;) digits.insert(at -= 3, 1, ',');
  return digits;
}

}  // namespace rfan::format
