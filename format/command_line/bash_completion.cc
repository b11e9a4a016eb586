#include <fmt/format.h>

#include "format/command_line/completion.h"

namespace rfan::command_line {
namespace {

// bash splits --option=value in three words.
constexpr std::string_view kBegin = R"(# Completions of {0} for bash. Made by: {0} --completion bash
_{0}() {{
  local word=${{COMP_WORDS[COMP_CWORD]}} option=${{COMP_WORDS[COMP_CWORD - 1]}} verb={1} kind= words= begin= options= i
  if [[ $word == '=' ]]; then word=; elif [[ $option == '=' ]]; then option=${{COMP_WORDS[COMP_CWORD - 2]}}; fi
  COMPREPLY=()
)";

constexpr std::string_view kCommand = R"(  for ((i = 1; i < COMP_CWORD; ++i)); do
    [[ ${COMP_WORDS[i]} == -- ]] || continue
    if declare -F _command_offset >/dev/null; then
      _command_offset $((i + 1))
    elif ((COMP_CWORD == i + 1)); then
      mapfile -t COMPREPLY < <(compgen -c -- "$word")
    else
      compopt -o filenames
      mapfile -t COMPREPLY < <(compgen -f -- "$word")
    fi
    return
  done
)";

constexpr std::string_view kEnd = R"bash(  if [[ -z $kind && $word == -* ]]; then kind=word words=$options; fi
  case ${{kind:={1}}} in
    word) mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word") ;;
    words)
      [[ $word != *,* ]] || begin=${{word%,*}},
      compopt -o nospace
      mapfile -t COMPREPLY < <(compgen -P "$begin" -W "$words" -- "${{word##*,}}") ;;
    file)
      compopt -o filenames
      mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
    trace)
      compopt -o filenames
      ((COMP_CWORD > 1)) || words=$verbs
      mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word"; compgen -f -X '!*.fbz' -- "$word"; compgen -d -- "$word") ;;
    user) mapfile -t COMPREPLY < <(compgen -u -- "$word") ;;
    process) mapfile -t COMPREPLY < <(compgen -W "$(cd /proc && echo [0-9]*)" -- "$word") ;;
  esac
}}
complete -F _{0} {0}
)bash";

std::string_view name_of(Values::Kind kind) {
  switch (kind) {
    case Values::Kind::kAny:
      return "any";
    case Values::Kind::kWord:
      return "word";
    case Values::Kind::kWords:
      return "words";
    case Values::Kind::kFile:
      return "file";
    case Values::Kind::kTrace:
      return "trace";
    case Values::Kind::kUser:
      return "user";
    case Values::Kind::kProcess:
      return "process";
  }
  return "any";
}

// Appends the case of a verb: its options, and what follows each that has a value.
void append_syntax(const Syntax& syntax, std::string& out) {
  std::vector<std::string> options;
  std::string values;
  for (const auto& group : syntax.groups) {
    for (const auto& option : group.options) {
      const auto names = names_of(option);
      options.insert(options.end(), names.begin(), names.end());
      if (is_flag(option)) continue;
      const auto& [kind, words] = option.values;
      values += fmt::format("        {}) kind={}{} ;;\n", fmt::join(names, "|"), name_of(kind),
                            words.empty() ? "" : " words=" + single_quoted(words));
    }
  }
  out += fmt::format("    {})\n      options='{}'\n      case $option in\n{}      esac ;;\n",
                     single_quoted(syntax.verb), fmt::join(options, " "), values);
}

}  // namespace

std::string bash_completion(const CommandLine& line) {
  const auto& first = line.syntaxes.front();
  std::string out = fmt::format(kBegin, line.program, single_quoted(first.verb));
  if (line.takes_command) out += kCommand;
  out += fmt::format("  local verbs={}\n", single_quoted(verb_names(line)));
  out +=
      "  if ((COMP_CWORD > 1)) && [[ \" $verbs \" == *\" ${COMP_WORDS[1]} \"* ]]; then "
      "verb=${COMP_WORDS[1]}; fi\n";
  out += "  case $verb in\n";
  for (const auto& syntax : line.syntaxes) append_syntax(syntax, out);
  out += "  esac\n";
  return out + fmt::format(kEnd, line.program, name_of(first.arguments.kind));
}

}  // namespace rfan::command_line
