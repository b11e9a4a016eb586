#include "replay/diff/names/fold_tokens.h"

#include <re2/re2.h>

#include <algorithm>
#include <charconv>

namespace rfan::replay {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}
bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}
bool is_alnum(char c) {
  return is_digit(c) || is_lower(c) || is_upper(c);
}
bool is_hex(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

// Calls `replacement(token)` for each token. A result that is not empty replaces the token.
template <typename Replacement>
bool replace_tokens(std::string& text, Replacement replacement) {
  std::string out;
  std::size_t kept = 0;
  for (const auto [begin, length] : tokens_of(text)) {
    const std::string_view word = replacement(std::string_view(text).substr(begin, length));
    if (word.empty()) continue;
    (out += std::string_view(text).substr(kept, begin - kept)) += word;
    kept = begin + length;
  }
  if (kept == 0) return false;
  text = out + text.substr(kept);
  return true;
}

// Counts three classes of characters. Names that people choose rarely mix them within one token.
struct Classes {
  int digits = 0;
  int lower = 0;
  int upper = 0;
  explicit Classes(std::string_view text) {
    for (const char c : text) {
      digits += is_digit(c);
      lower += is_lower(c);
      upper += is_upper(c);
    }
  }
};

// Returns how often letters and digits alternate: "cc1plus" twice, "a1b2c3" five times.
int alternations(std::string_view token) {
  int count = 0;
  for (std::size_t i = 1; i < token.size(); ++i) count += is_digit(token[i]) != is_digit(token[i - 1]);
  return count;
}

// Returns true for words that begin with capitals: "OrderService", "xmlHttpRequest", "CMakeScratch".
bool is_camel_case(std::string_view token) {
  std::size_t i = 0;
  while (i < token.size() && is_lower(token[i])) ++i;
  while (i < token.size()) {
    const std::size_t word = i;
    while (i < token.size() && is_upper(token[i])) ++i;
    const std::size_t lower = i;
    while (i < token.size() && is_lower(token[i])) ++i;
    const bool acronym = i == token.size() && lower == i;
    if (lower == word || (i - lower < 2 && !acronym)) return false;
  }
  return true;
}

bool is_uuid_at(std::string_view text, std::size_t at) {
  constexpr std::string_view kShape = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
  if (text.size() - at < kShape.size()) return false;
  for (std::size_t i = 0; i < kShape.size(); ++i) {
    if (kShape[i] == 'x' ? !is_hex(text[at + i]) : text[at + i] != '-') return false;
  }
  const bool begins = at == 0 || !is_alnum(text[at - 1]);
  const std::size_t end = at + kShape.size();
  return begins && (end == text.size() || !is_alnum(text[end]));
}

}  // namespace

bool all_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
}

std::vector<Token> tokens_of(std::string_view component) {
  std::vector<Token> tokens;
  for (std::size_t i = 0; i < component.size(); ++i) {
    if (!is_alnum(component[i])) continue;
    const std::size_t begin = i;
    while (i < component.size() && is_alnum(component[i])) ++i;
    tokens.push_back({begin, i - begin});
  }
  return tokens;
}

bool looks_random(std::string_view token) {
  if (token.size() < 6 || token.size() > 16) return false;
  const Classes classes(token);
  const bool words = is_camel_case(token) || (classes.upper == 1 && is_upper(token.front()));
  if (classes.lower != 0 && classes.upper != 0 && !(words && alternations(token) < 2)) return true;
  return classes.lower + classes.upper != 0 && alternations(token) >= 3;
}

Token known_temporary_part(std::string_view component) {
  const auto stem = component.substr(0, component.find('.'));
  const bool compiler = stem.size() == 8 && stem.starts_with("cc");
  const bool python = stem.size() == 11 && stem.starts_with("tmp");
  if (!compiler && !python) return {};
  const std::size_t prefix = compiler ? 2 : 3;
  const auto random = stem.substr(prefix);
  const bool known =
      std::all_of(random.begin(), random.end(), [](char c) { return is_alnum(c) || c == '_'; });
  return known ? Token{prefix, random.size()} : Token{};
}

bool is_hex_fan_out(std::string_view component) {
  return !component.empty() && component.size() <= 2 &&
         std::all_of(component.begin(), component.end(), [](char c) { return is_hex(c) && !is_upper(c); });
}

bool is_base32_fan_out(std::string_view component) {
  return !component.empty() && component.size() <= 2 &&
         std::all_of(component.begin(), component.end(), [](char c) { return is_digit(c) || is_lower(c); });
}

bool fold_uuids(std::string& component) {
  bool replaced = false;
  for (std::size_t i = 0; i < component.size(); ++i) {
    if (!is_uuid_at(component, i)) continue;
    component.replace(i, 36, "<uuid>");
    replaced = true;
  }
  return replaced;
}

bool fold_hashes(std::string& component) {
  return replace_tokens(component, [](std::string_view token) -> std::string_view {
    constexpr int kScattered = 6;  // words with a number have fewer changes between letters and digits
    if (token.size() < kLeastHash) return {};
    const Classes classes(token);
    if (classes.digits == 0 || classes.lower + classes.upper == 0) return {};
    const bool hex = std::all_of(token.begin(), token.end(), is_hex);
    const bool base32 = token.size() >= 26 && alternations(token) >= kScattered;
    return hex || base32 ? "<hash>" : "";
  });
}

bool fold_temporary(std::string& component) {
  auto part = known_temporary_part(component);
  if (part.length == 0) {
    for (const auto token : tokens_of(component)) {
      if (looks_random(std::string_view(component).substr(token.begin, token.length))) part = token;
    }
  }
  if (part.length == 0) return false;
  component.replace(part.begin, part.length, "<temp>");
  return true;
}

bool fold_inode(std::string& component) {
  if (!component.starts_with('#') || !all_digits(std::string_view(component).substr(1))) return false;
  component = "#<inode>";
  return true;
}

bool fold_times(std::string& component) {
  // A date and a time of day, with any one character or none between two numbers of two digits.
  constexpr std::ptrdiff_t kLeastDigits = 14;
  if (std::count_if(component.begin(), component.end(), is_digit) < kLeastDigits) return false;
  static const re2::RE2 kTime(
      R"((^|[^0-9])20\d\d[-_.]?[01]\d[-_.]?[0-3]\d[-_.T ]?[0-2]\d[-_.:h]?[0-5]\d[-_.:m]?[0-5]\d(?:[-_.,]?\d{3,9})?Z?([^0-9]|$))");
  return re2::RE2::Replace(&component, kTime, R"(\1<time>\2)");
}

bool fold_pids(std::string& component, std::span<const std::uint32_t> pids) {
  return replace_tokens(component, [&](std::string_view token) -> std::string_view {
    if (token.size() < 3 || token.size() > 9 || token.front() == '0' || !all_digits(token)) return {};
    std::uint32_t number = 0;
    std::from_chars(token.data(), token.data() + token.size(), number);
    return std::find(pids.begin(), pids.end(), number) != pids.end() ? "<pid>" : "";
  });
}

bool fold_versions(std::string& component) {
  bool replaced = false;
  for (std::size_t i = 0; i < component.size(); ++i) {
    if (!is_digit(component[i]) || (i != 0 && is_digit(component[i - 1]))) continue;
    std::size_t end = i, dots = 0;
    while (end < component.size() && (is_digit(component[end]) || component[end] == '.' ||
                                      (dots != 0 && component[end] == '-' && end + 1 < component.size() &&
                                       is_digit(component[end + 1])))) {
      dots += component[end++] == '.';
    }
    while (end > i && !is_digit(component[end - 1])) dots -= component[--end] == '.';
    const bool library = i >= 4 && component.compare(i - 4, 4, ".so.") == 0;
    if (dots == 0 && !library) continue;
    component.replace(i, end - i, "<version>");
    replaced = true;
    i += 8;
  }
  return replaced;
}

bool fold_dates(std::string& component) {
  const auto is_date = [&](std::size_t at, std::string_view shape) {
    if (component.size() - at < shape.size() || component.compare(at, 2, "20") != 0) return false;
    for (std::size_t i = 0; i < shape.size(); ++i) {
      if (shape[i] == '0' ? !is_digit(component[at + i]) : component[at + i] != shape[i]) return false;
    }
    const std::size_t end = at + shape.size();
    return (at == 0 || !is_digit(component[at - 1])) &&
           (end == component.size() || !is_digit(component[end]));
  };
  bool replaced = false;
  for (std::size_t i = 0; i < component.size(); ++i) {
    for (const std::string_view shape : {"0000-00-00", "00000000"}) {
      if (!is_date(i, shape)) continue;
      component.replace(i, shape.size(), "<date>");
      replaced = true;
      break;
    }
  }
  return replaced;
}

}  // namespace rfan::replay
