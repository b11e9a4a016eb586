#include <fmt/format.h>

#include "format/command_line/completion.h"

namespace rfan::command_line {
namespace {

// The command after "--" is completed as if it stood alone.
constexpr std::string_view kCommand = R"(
function __{0}_command
    set -l words (commandline -opc)
    set -l at (contains -i -- -- $words)
    set -l command (string escape -- $words[(math $at + 1)..])
    complete -C (string join -- ' ' $command (commandline -ct))
end
complete -c {0} -n 'contains -- -- (commandline -opc)' -x -a '(__{0}_command)'
)";

// fish reads \\ and \' inside single quotes.
std::string quoted(std::string_view text) {
  return "'" + backslashed(text, "'\\") + "'";
}

std::string choice_of(const Values& values) {
  switch (values.kind) {
    case Values::Kind::kAny:
      return " -x";
    case Values::Kind::kWord:
      return " -x -a " + quoted(values.words);
    case Values::Kind::kWords:
      return " -x -a " + quoted("(__fish_append , " + values.words + ")");
    case Values::Kind::kFile:
      return " -r -F";
    case Values::Kind::kTrace:
      return " -k -x -a '(__fish_complete_suffix .fbz)'";
    case Values::Kind::kUser:
      return " -x -a '(__fish_complete_users)'";
    case Values::Kind::kProcess:
      return " -x -a '(__fish_complete_pids)'";
  }
  return "";
}

std::string option_line(const std::string& begin, const OptionSpec& option) {
  std::string out = begin;
  for (const auto& name : names_of(option))
    out += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
  if (!is_flag(option)) out += choice_of(option.values);
  return out + " -d " + quoted(short_help(option)) + "\n";
}

}  // namespace

std::string fish_completion(const CommandLine& line) {
  auto out = fmt::format("# Completions of {0} for fish. Made by: {0} --completion fish\n", line.program);
  const auto verbs = verb_names(line);
  for (const auto& syntax : line.syntaxes) {
    std::string condition = "__fish_seen_subcommand_from " + syntax.verb;
    if (line.takes_command) {
      condition = "not contains -- -- (commandline -opc)";
    } else if (syntax.verb.empty()) {
      condition = "not __fish_seen_subcommand_from " + verbs;
    } else {
      out += fmt::format("\ncomplete -c {} -n __fish_use_subcommand -a {} -d {}\n", line.program, syntax.verb,
                         quoted(syntax.summary));
    }
    const auto begin = "complete -c " + line.program + " -n " + quoted(condition);
    out += begin + choice_of(syntax.arguments) + "\n";
    for (const auto& group : syntax.groups) {
      for (const auto& option : group.options) out += option_line(begin, option);
    }
  }
  if (line.takes_command) out += fmt::format(kCommand, line.program);
  return out;
}

}  // namespace rfan::command_line
