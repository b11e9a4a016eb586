#include "format/base/glob.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

namespace rfan::format {
namespace {

constexpr std::size_t kNone = static_cast<std::size_t>(-1);

unsigned char to_byte(char c) {
  return static_cast<unsigned char>(c);
}

using ByteClass = std::bitset<256>;

// The classes are those of the POSIX locale: the meaning of a pattern must not depend on the user or the
// machine.
constexpr std::pair<std::string_view, bool (*)(unsigned char)> kPosixClasses[] = {
    {"alnum",
     [](unsigned char c) {
       return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
     }},
    {"alpha", [](unsigned char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }},
    {"blank", [](unsigned char c) { return c == ' ' || c == '\t'; }},
    {"cntrl", [](unsigned char c) { return c < ' ' || c == 0x7F; }},
    {"digit", [](unsigned char c) { return c >= '0' && c <= '9'; }},
    {"graph", [](unsigned char c) { return c > ' ' && c < 0x7F; }},
    {"lower", [](unsigned char c) { return c >= 'a' && c <= 'z'; }},
    {"print", [](unsigned char c) { return c >= ' ' && c < 0x7F; }},
    {"punct",
     [](unsigned char c) {
       return c > ' ' && c < 0x7F && !(c >= '0' && c <= '9') && !(c >= 'A' && c <= 'Z') &&
              !(c >= 'a' && c <= 'z');
     }},
    {"space", [](unsigned char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }},
    {"upper", [](unsigned char c) { return c >= 'A' && c <= 'Z'; }},
    {"xdigit",
     [](unsigned char c) {
       return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f');
     }},
};

std::optional<ByteClass> posix_class(std::string_view name) {
  for (const auto& [known, holds] : kPosixClasses) {
    if (known != name) continue;
    ByteClass bytes;
    for (unsigned byte = 0; byte < bytes.size(); ++byte)
      bytes[byte] = holds(static_cast<unsigned char>(byte));
    return bytes;
  }
  return {};
}

// Returns the name in "[:name:]", "[.name.]" or "[=name=]" at the beginning of `text`, or an empty view.
std::string_view bracketed_name(std::string_view text) {
  if (text.size() < 2 || text[0] != '[' || std::string_view(":.=").find(text[1]) == std::string_view::npos)
    return {};
  const auto end = text.find(std::string{text[1], ']'}, 2);
  return end == text.npos ? std::string_view() : text.substr(2, end - 2);
}

Error unknown_class(std::string_view pattern) {
  std::string names;
  for (const auto& [name, holds] : kPosixClasses) names.append(names.empty() ? "" : " ").append(name);
  return Error{"pattern has a class that is not known", std::string(pattern), 0, "the classes are " + names};
}

}  // namespace

Result<Glob> Glob::compile(std::string_view pattern, Subject subject) {
  Glob glob;
  glob.slash_separates_ = subject == Subject::kPath;
  if (auto status = glob.compile_tokens(pattern); !status) return status.error();
  glob.split_off_literals();
  return glob;
}

Result<void> Glob::compile_tokens(std::string_view pattern) {
  for (std::size_t i = 0; i < pattern.size();) {
    const char c = pattern[i];
    if (c == '*') {
      i = compile_star(pattern, i);
    } else if (c == '[') {
      auto next = compile_class(pattern, i + 1);
      if (!next) return next.error();
      i = *next;
    } else if (c == '?') {
      tokens_.push_back({Kind::kAny});
      ++i;
    } else {
      if (c == '\\' && ++i == pattern.size()) {
        return Error{"pattern ends in a backslash", std::string(pattern), 0,
                     "write \\\\ for a backslash itself"};
      }
      tokens_.push_back({Kind::kByte, to_byte(pattern[i])});
      ++i;
    }
  }
  return {};
}

// Returns the position after the run of stars, and after the slash that belongs to `**/`.
std::size_t Glob::compile_star(std::string_view pattern, std::size_t start) {
  std::size_t end = start;
  while (end < pattern.size() && pattern[end] == '*') ++end;
  if (end - start < 2) {
    tokens_.push_back({Kind::kStar});
    return end;
  }
  const bool at_component_start = start == 0 || pattern[start - 1] == '/';
  if (slash_separates_ && at_component_start && end < pattern.size() && pattern[end] == '/') {
    tokens_.push_back({Kind::kDirectories});
    return end + 1;
  }
  tokens_.push_back({Kind::kGlobstar});
  return end;
}

// Returns the position after the closing bracket. `start` is the position after the opening one.
Result<std::size_t> Glob::compile_class(std::string_view pattern, std::size_t start) {
  std::size_t i = start;
  const bool negated = i < pattern.size() && (pattern[i] == '!' || pattern[i] == '^');
  if (negated) ++i;
  ByteClass bytes;
  const auto take = [&] {
    if (pattern[i] == '\\' && i + 1 < pattern.size()) ++i;
    return to_byte(pattern[i++]);
  };
  if (posix_class(bracketed_name(pattern.substr(start - 1)))) {
    return Error{"pattern has a class in single brackets", std::string(pattern), 0, "write [[:alpha:]]"};
  }
  for (bool first = true; i < pattern.size(); first = false) {
    if (const auto name = bracketed_name(pattern.substr(i)); !name.empty()) {
      const auto members = pattern[i + 1] == ':' ? posix_class(name) : std::nullopt;
      if (!members) return unknown_class(pattern);
      bytes |= *members;
      i += name.size() + 4;
      continue;
    }
    if (pattern[i] == ']' && !first) {
      classes_.push_back(negated ? ~bytes : bytes);
      if (slash_separates_) classes_.back().reset('/');
      tokens_.push_back({Kind::kClass, 0, static_cast<std::uint32_t>(classes_.size() - 1)});
      return i + 1;
    }
    const unsigned low = take();
    unsigned high = low;
    if (i + 1 < pattern.size() && pattern[i] == '-' && pattern[i + 1] != ']') {
      ++i;
      high = take();
    }
    for (unsigned byte = low; byte <= high; ++byte) bytes.set(byte);
  }
  return Error{"pattern has a '[' without its ']'", std::string(pattern), 0,
               "write \\[ for a bracket itself"};
}

void Glob::split_off_literals() {
  const auto is_wildcard = [](const Token& token) { return token.kind != Kind::kByte; };
  const auto first = std::find_if(tokens_.begin(), tokens_.end(), is_wildcard);
  const auto last = std::find_if(tokens_.rbegin(), std::reverse_iterator(first), is_wildcard).base();
  for (auto token = tokens_.begin(); token != first; ++token) prefix_ += static_cast<char>(token->byte);
  for (auto token = last; token != tokens_.end(); ++token) suffix_ += static_cast<char>(token->byte);
  tokens_ = {first, last};
}

bool Glob::matches(std::string_view text) const {
  if (tokens_.empty()) return text == prefix_;
  if (!text.starts_with(prefix_)) return false;
  text.remove_prefix(prefix_.size());
  if (!text.ends_with(suffix_)) return false;
  text.remove_suffix(suffix_.size());
  const bool any_name = tokens_.size() == 1 && tokens_[0].kind == Kind::kStar;
  return any_name ? !slash_separates_ || text.find('/') == text.npos : matches_tokens(text);
}

bool Glob::matches_one(const Token& token, char c) const {
  switch (token.kind) {
    case Kind::kByte:
      return token.byte == to_byte(c);
    case Kind::kAny:
      return !slash_separates_ || c != '/';
    case Kind::kClass:
      return classes_[token.class_index].test(to_byte(c));
    default:
      return false;
  }
}

bool Glob::may_begin_with(char c) const {
  if (!prefix_.empty()) return prefix_[0] == c;
  for (const auto& token : tokens_) {
    if (token.kind < Kind::kStar) return matches_one(token, c);
    if (crosses(token.kind, c)) return true;
  }
  return !suffix_.empty() && suffix_[0] == c;
}

bool Glob::crosses(Kind kind, char c) const {
  return kind != Kind::kStar || !slash_separates_ || c != '/';
}

// Matches greedily and backtracks to two places only, the last `*` and the last `**`. Older ones need no
// second try: the last `**` can skip whatever a longer match of an older `**` would skip, and an older `*`
// ends at the next '/'.
bool Glob::matches_tokens(std::string_view text) const {
  struct Retry {
    std::size_t token = kNone;  // kNone: no place to backtrack to
    std::size_t text = 0;       // the first byte that it has not swallowed yet
  };
  Retry star, deep;
  std::size_t t = 0, i = 0;
  while (true) {
    if (t < tokens_.size() && tokens_[t].kind >= Kind::kStar) {
      auto& retry = tokens_[t].kind == Kind::kStar ? star : deep;
      if (&retry == &deep) star = {};
      retry = {t++, i};
      continue;
    }
    if (t == tokens_.size() ? i == text.size() : i < text.size() && matches_one(tokens_[t], text[i])) {
      if (t == tokens_.size()) return true;
      ++t, ++i;
      continue;
    }
    if (star.token != kNone && star.text < text.size() && crosses(Kind::kStar, text[star.text])) {
      i = ++star.text;
      t = star.token + 1;
      continue;
    }
    if (deep.token == kNone || deep.text >= text.size()) return false;
    star = {};
    ++deep.text;
    if (tokens_[deep.token].kind == Kind::kDirectories) {
      const auto slash = text.find('/', deep.text - 1);
      if (slash == text.npos) return false;
      deep.text = slash + 1;
    }
    i = deep.text;
    t = deep.token + 1;
  }
}

}  // namespace rfan::format
