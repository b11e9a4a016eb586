#include <fmt/format.h>

#include "format/command_line/completion.h"

namespace rfan::command_line {
namespace {

// The command after "--" is completed as if it stood alone.
constexpr std::string_view kCommand = R"(  local dashes=${words[(i)--]}
  if ((dashes < CURRENT)); then
    shift $dashes words
    ((CURRENT -= dashes))
    _normal
    return
  fi
)";

// Without a verb, the first word may also be one.
constexpr std::string_view kChoice = R"(
_{0}() {{
  local -a verbs=(
{1}  )
  if ((CURRENT > 2)) && [[ " {2} " == *" $words[2] "* ]]; then
    shift words
    ((CURRENT -= 1))
    _{0}_$words[1]
  else
    ((CURRENT != 2)) || [[ $words[2] == -* ]] || _describe -t verbs verb verbs
    _{0}_
  fi
}}
)";

// zsh takes the whole file for the function when it loads it from $fpath; a sourced file registers itself.
constexpr std::string_view kEnd = R"(
if [[ $funcstack[1] == _{0} ]]; then _{0} "$@"; else compdef _{0} {0}; fi
)";

std::string action_of(const Values& values) {
  switch (values.kind) {
    case Values::Kind::kAny:
      return " ";
    case Values::Kind::kWord:
      return "(" + values.words + ")";
    case Values::Kind::kWords:
      return "_sequence compadd - " + values.words;
    case Values::Kind::kFile:
      return "_files";
    case Values::Kind::kTrace:
      return "_files -g \"*.fbz(-.)\"";
    case Values::Kind::kUser:
      return "_users";
    case Values::Kind::kProcess:
      return "_pids";
  }
  return " ";
}

// _arguments ends an explanation at ']', and a message at ':'.
std::string escaped(std::string_view text) {
  return backslashed(text, "[]:\\");
}

// Returns the name as it stands before a value: in --name=VALUE or -nVALUE.
std::string form_of(const OptionSpec& option, const std::string& name) {
  if (is_flag(option)) return name;
  return name + (name.starts_with("--") ? "=" : "+");
}

std::string spec_of(const OptionSpec& option) {
  const auto names = names_of(option);
  std::vector<std::string> forms;
  for (const auto& name : names) forms.push_back(form_of(option, name));
  std::string rest = "[" + escaped(short_help(option)) + "]";
  if (!is_flag(option)) rest += ":" + escaped(option.metavar) + ":" + action_of(option.values);
  const auto begin = is_repeatable(option) ? "*" : fmt::format("({})", fmt::join(names, " "));
  const auto joined = fmt::format("{}", fmt::join(forms, ","));
  return single_quoted(begin) + (forms.size() > 1 ? "{" + joined + "}" : joined) + single_quoted(rest);
}

std::string function_of(const std::string& name, const Syntax& syntax, bool takes_command) {
  std::string out = "\n" + name + "() {\n";
  if (takes_command) out += kCommand;
  out += "  _arguments -s -S";
  for (const auto& group : syntax.groups) {
    for (const auto& option : group.options) out += " \\\n    " + spec_of(option);
  }
  return out + " \\\n    " + single_quoted("*:argument:" + action_of(syntax.arguments)) + "\n}\n";
}

}  // namespace

std::string zsh_completion(const CommandLine& line) {
  auto out = fmt::format("#compdef {0}\n# Completions of {0} for zsh. Made by: {0} --completion zsh\n",
                         line.program);
  const bool has_verbs = line.syntaxes.size() > 1;
  std::string described;
  for (const auto& syntax : line.syntaxes) {
    out += function_of("_" + line.program + (has_verbs ? "_" + syntax.verb : ""), syntax, line.takes_command);
    if (!syntax.verb.empty()) described += "    " + single_quoted(syntax.verb + ":" + syntax.summary) + "\n";
  }
  if (has_verbs) out += fmt::format(kChoice, line.program, described, verb_names(line));
  return out + fmt::format(kEnd, line.program);
}

}  // namespace rfan::command_line
