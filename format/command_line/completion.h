// Makes the scripts with which bash, zsh and fish complete a command line.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "format/command_line/option_table.h"

namespace rfan::command_line {

// What may follow the name of a program or of a verb.
struct Syntax {
  std::string verb;  // empty: the program has no verbs
  std::string summary;
  std::vector<OptionGroup> groups;
  Values arguments;
};

struct CommandLine {
  std::string program;
  std::vector<Syntax> syntaxes;  // the first one is for a command line without a verb
  bool takes_command = false;    // "--" and a command may follow
};

// Returns the script for "bash", "zsh" or "fish". Fails for any other shell.
Result<std::string> completion_script(const CommandLine& line, std::string_view shell);

// These make the scripts of one shell each.
std::string bash_completion(const CommandLine& line);
std::string fish_completion(const CommandLine& line);
std::string zsh_completion(const CommandLine& line);

// Returns `text` as one word of a shell script. bash and zsh read it alike; fish does unless it has a
// backslash.
std::string single_quoted(std::string_view text);

// Returns the first clause of an option's help, which fits into a line.
std::string short_help(const OptionSpec& option);

// Whether the option stands alone, without a value.
bool is_flag(const OptionSpec& option);
bool is_repeatable(const OptionSpec& option);

}  // namespace rfan::command_line
