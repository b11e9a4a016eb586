#include "format/command_line/completion.h"

#include <algorithm>

namespace rfan::command_line {

Result<std::string> completion_script(const CommandLine& line, std::string_view shell) {
  if (shell == "bash") return bash_completion(line);
  if (shell == "fish") return fish_completion(line);
  if (shell == "zsh") return zsh_completion(line);
  return Error{"no completions for this shell", std::string(shell), 0, "there are bash, zsh and fish"};
}

std::string single_quoted(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'') {
      quoted += "'\\''";
    } else {
      quoted += c;
    }
  }
  return quoted + '\'';
}

std::string short_help(const OptionSpec& option) {
  return option.help.substr(0, std::min(option.help.find_first_of(";:("), option.help.size()));
}

bool is_flag(const OptionSpec& option) {
  return std::holds_alternative<bool*>(option.target);
}

bool is_repeatable(const OptionSpec& option) {
  return std::holds_alternative<std::vector<std::string>*>(option.target);
}

}  // namespace rfan::command_line
