#include "replay/trace/process_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace rfan::replay {

std::string process_label(const ProcessView& view) {
  if (!view.known()) return "?";
  const auto name = view.name();
  return fmt::format("{}[{}]", name.empty() ? "?" : name, view.process().pid);
}

std::vector<std::string_view> split_arguments(std::string_view cmdline) {
  std::vector<std::string_view> arguments;
  while (!cmdline.empty()) {
    const auto end = std::min(cmdline.find('\0'), cmdline.size());
    arguments.push_back(cmdline.substr(0, end));
    cmdline.remove_prefix(std::min(end + 1, cmdline.size()));
  }
  return arguments;
}

std::string joined_arguments(std::string_view cmdline) {
  while (cmdline.ends_with('\0')) cmdline.remove_suffix(1);
  std::string text(cmdline);
  std::replace(text.begin(), text.end(), '\0', ' ');
  return text;
}

}  // namespace rfan::replay
