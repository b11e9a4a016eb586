// Finds the options that a help text or a man page mentions.
#pragma once

#include <set>
#include <string>
#include <string_view>

namespace rfan::tests {

// Returns the long options that `text` mentions, without their dashes. In roff, a backslash precedes each
// dash.
inline std::set<std::string> options_in(std::string text) {
  std::erase(text, '\\');
  std::set<std::string> found;
  for (auto at = text.find("--"); at != text.npos; at = text.find("--", at)) {
    const auto end = text.find_first_not_of("abcdefghijklmnopqrstuvwxyz-", at += 2);
    if (end != at) found.insert(text.substr(at, end - at));
  }
  return found;
}

}  // namespace rfan::tests
