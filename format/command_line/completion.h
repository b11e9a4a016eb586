// Makes the scripts with which bash, zsh and fish complete a command line.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "format/command_line/option_table.h"

namespace rfan::command_line {

// The options and arguments that may follow the name of a program or of a verb.
struct Syntax {
  std::string verb;  // empty: a command line without a verb
  std::string summary;
  std::vector<OptionGroup> groups;
  Values arguments;
};

struct CommandLine {
  std::string program;
  std::vector<Syntax> syntaxes;  // first that without a verb
  bool takes_command = false;    // "--" and a command may follow
};

// Returns the script for "bash", "zsh" or "fish". Fails for any other shell.
Result<std::string> completion_script(const CommandLine& line, std::string_view shell);

// Return the script of one shell.
std::string bash_completion(const CommandLine& line);
std::string fish_completion(const CommandLine& line);
std::string zsh_completion(const CommandLine& line);

// Returns `text` as one word of a script for bash or zsh.
std::string single_quoted(std::string_view text);

// Returns `text` with a backslash before each of the `special` characters.
std::string backslashed(std::string_view text, std::string_view special);

// Returns an option's help without its remarks, so that it fits into a line.
std::string short_help(const OptionSpec& option);

// Returns the option that asks for a script, which both programs have.
OptionSpec completion_option(std::optional<std::string>& shell);

// Returns the verbs, separated by spaces.
std::string verb_names(const CommandLine& line);

// Returns whether the option stands alone, without a value.
bool is_flag(const OptionSpec& option);
bool is_repeatable(const OptionSpec& option);

}  // namespace rfan::command_line
