#include "replay/diff/names/fold_tokens.h"

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

// Calls `replacement(token, begin)` for each run of letters and digits. A result that is not empty replaces
// the token.
template <typename Replacement>
bool replace_tokens(std::string& text, Replacement replacement) {
  std::string out;
  bool replaced = false;
  for (std::size_t i = 0; i < text.size();) {
    std::size_t end = i;
    while (end < text.size() && is_alnum(text[end])) ++end;
    if (end == i) {
      out += text[i++];
      continue;
    }
    const auto token = std::string_view(text).substr(i, end - i);
    const std::string_view word = replacement(token, i);
    out += word.empty() ? token : word;
    replaced |= !word.empty();
    i = end;
  }
  if (replaced) text = std::move(out);
  return replaced;
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

// Returns true if a token looks like random letters and digits: it has letters of both cases and is not a
// capitalised word ("Simple"), or letters and digits alternate more often than in names that people choose
// ("test12", "cc1plus").
bool looks_random(std::string_view token) {
  if (token.size() < 6 || token.size() > 16) return false;
  const Classes classes(token);
  const bool capitalised = classes.upper == 1 && is_upper(token.front());
  if (classes.lower != 0 && classes.upper != 0 && !(capitalised && alternations(token) < 2)) return true;
  return classes.lower + classes.upper != 0 && alternations(token) >= 3;
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

// Folds names of compilers ("ccAbC123.s") and of Python ("tmp8f3k_2lx"), which do not separate the random
// part.
bool fold_known_prefix(std::string& component) {
  const auto stem = component.substr(0, component.find('.'));
  const bool compiler = stem.size() == 8 && stem.starts_with("cc");
  const bool python = stem.size() == 11 && stem.starts_with("tmp");
  if (!compiler && !python) return false;
  const std::size_t prefix = compiler ? 2 : 3;
  const auto random = std::string_view(stem).substr(prefix);
  if (!std::all_of(random.begin(), random.end(), [](char c) { return is_alnum(c) || c == '_'; }))
    return false;
  component.replace(prefix, random.size(), "<temp>");
  return true;
}

}  // namespace

bool all_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
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
  return replace_tokens(component, [](std::string_view token, std::size_t) -> std::string_view {
    if (token.size() < 16 || !std::all_of(token.begin(), token.end(), is_hex)) return {};
    const Classes classes(token);
    return classes.digits != 0 && classes.lower + classes.upper != 0 ? "<hash>" : "";
  });
}

bool fold_temporary(std::string& component) {
  if (fold_known_prefix(component)) return true;
  std::size_t last = std::string::npos;
  auto scan = component;
  replace_tokens(scan, [&](std::string_view token, std::size_t begin) -> std::string_view {
    if (looks_random(token)) last = begin;
    return {};
  });
  if (last == std::string::npos) return false;
  std::size_t end = last;
  while (end < component.size() && is_alnum(component[end])) ++end;
  component.replace(last, end - last, "<temp>");
  return true;
}

bool fold_pids(std::string& component, std::span<const std::uint32_t> pids) {
  return replace_tokens(component, [&](std::string_view token, std::size_t) -> std::string_view {
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
