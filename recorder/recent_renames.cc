#include "recorder/recent_renames.h"

namespace rfan::recorder {

void RecentRenames::add(std::uint64_t position, std::string_view from, std::string_view to,
                        HandleView object) {
  renames_.push_back({position, std::string(from), std::string(to), std::string(object.bytes)});
}

std::optional<std::string> RecentRenames::path_at(std::uint64_t position, std::string_view path,
                                                  const std::function<bool(HandleView)>& is_it) const {
  std::optional<std::string> before;
  for (auto rename = renames_.rbegin(); rename != renames_.rend() && rename->position > position; ++rename) {
    const std::string_view now = before ? std::string_view(*before) : path;
    if (!now.starts_with(rename->to)) continue;
    const auto below = now.substr(rename->to.size());
    const bool is_below = below.starts_with('/');
    // Something else may have had this name since: two files that were exchanged, one that replaced another.
    const bool is_renamed = below.empty() && is_it(HandleView{rename->object});
    if (is_below || is_renamed) before = rename->from + std::string(below);
  }
  return before;
}

void RecentRenames::forget_before(std::uint64_t position) {
  while (!renames_.empty() && renames_.front().position < position) renames_.pop_front();
}

}  // namespace rfan::recorder
