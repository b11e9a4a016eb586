// Options that take several names: a,b,c.
#pragma once

#include <string_view>
#include <vector>

namespace rfan::replay {

// Returns at least one name, as views of `list`. Keeps empty names so that the caller can refuse them.
inline std::vector<std::string_view> names_in(std::string_view list) {
  std::vector<std::string_view> names;
  for (;;) {
    const auto comma = list.find(',');
    names.push_back(list.substr(0, comma));
    if (comma == list.npos) return names;
    list.remove_prefix(comma + 1);
  }
}

}  // namespace rfan::replay
