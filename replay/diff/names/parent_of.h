// Takes the last component off a path.
#pragma once

#include <string_view>

namespace rfan::replay {

// Returns "/a/b" for "/a/b/c", and "" for "/c" and for a name without a slash.
inline std::string_view parent_of(std::string_view path) {
  const auto slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
}

}  // namespace rfan::replay
