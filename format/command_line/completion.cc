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

std::string backslashed(std::string_view text, std::string_view special) {
  std::string out;
  for (const char c : text) {
    if (special.find(c) != special.npos) out += '\\';
    out += c;
  }
  return out;
}

std::string short_help(const OptionSpec& option) {
  const auto remarks = std::min(option.help.find_first_of(";("), option.help.size());
  return option.help.substr(0, option.help.find_last_not_of(' ', remarks - 1) + 1);
}

OptionSpec completion_option(std::optional<std::string>& shell) {
  return {"--completion",
          "SHELL",
          "print the completions for bash, zsh or fish",
          &shell,
          {Values::Kind::kWord, "bash zsh fish"}};
}

std::string verb_names(const CommandLine& line) {
  std::string names;
  for (const auto& syntax : line.syntaxes) {
    if (!syntax.verb.empty()) names += (names.empty() ? "" : " ") + syntax.verb;
  }
  return names;
}

bool is_flag(const OptionSpec& option) {
  return std::holds_alternative<bool*>(option.target);
}

bool is_repeatable(const OptionSpec& option) {
  return std::holds_alternative<std::vector<std::string>*>(option.target);
}

}  // namespace rfan::command_line
