#include "replay/verb_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "format/command_line/completion.h"
#include "replay/verbs/verbs.h"

namespace rfan::replay {
namespace {

constexpr std::string_view kNotation = R"(
  Each filter may be repeated: an event must match one value of every filter given. A value that
  starts with '!' negates: the event must match none of these. An unknown process or path matches no
  value.

  GLOB: * and ? match anything but '/', ** matches that too, [a-z], [!a-z] and [[:alpha:]] one byte of a
  set, \ the next byte itself. Without a slash it is held against the base name, with a slash against the whole
  path; one that ends in a slash means everything below that directory. Recorded paths are absolute:
  write '**/src/*.h', not 'src/*.h'. '--exe vim' thus finds /usr/bin/vim.basic started as vim.

  TIME: +5s +250ms +1m30s       since the start of the trace: its first clock sample or event
        10%                     of the time from the first to the last event (not of a pipe)
        HH:MM[:SS[.frac]]       on the day on which the trace began
        YYYY-MM-DD[ HH:MM[:SS[.frac]]]     ('T' may stand for the space)
        @SECONDS[.frac]         since the epoch
        Local time unless --utc is given. DURATION: 250us, 1.5ms, 10s, 1m30s; a lone number is seconds.

  EXPR: comparisons with and, or, not and parentheses. FIELD == VALUE, != < <= > >=, ~ (glob), !~, and
  =~ (regular expression, RE2, anywhere in the text). Fields: exe comm cmdline cgroup pid ppid uid user
  path path2 kind verdict latency time; held, dir and deleted stand alone. Example:
  --where 'latency > 1ms and not (path ~ /tmp/ or exe =~ "python3?$")'
)";

constexpr const VerbEntry* kVerbs[] = {
    &kCatVerb,  &kReportVerb, &kFilesVerb,  &kTreeVerb,    &kHistVerb,
    &kDiffVerb, &kInfoVerb,   &kVerifyVerb, &kRecoverVerb, &kSliceVerb,
};

std::string verb_list() {
  std::string text;
  for (const auto* verb : kVerbs) text += fmt::format("  {:<10} {}\n", verb->name, verb->summary);
  return text;
}

constexpr std::string_view kProgramHelp = R"(Usage: rfanreplay [VERB] TRACE... [FILTERS] [OUTPUT]
       rfanreplay VERB --help

Answers questions about traces that rfanrec recorded.

Verbs:
{}
TRACE is a .fbz file, a directory of them, the name of a rotated set (trace.fbz for trace.000000.fbz,
trace.000001.fbz, ...), or - for standard input. Several are read as one, one recording after the
other. A trace that is really named like a verb is written ./cat.

All verbs but info, verify and recover take the same filters: rfanreplay cat --help lists them.

Examples:
  rfanreplay trace.fbz --exe vim
  rfanreplay report trace.fbz --by dir --depth 3
  rfanreplay files trace.fbz --exe vim --existing
  rfanreplay info trace.fbz

Options: -h, --help; --version; --completion SHELL prints the completions for bash, zsh or fish.

Exit status:
  0  everything asked for was printed
  1  an error: no such trace, not a trace, unreadable
  2  wrong usage
  3  printed, but something is missing: a trace is damaged or not finished, a file of a rotated set is
     missing, or the recorder lost events; notes on standard error say what
)";

}  // namespace

std::span<const VerbEntry* const> verbs() {
  return kVerbs;
}

const VerbEntry* find_verb(std::string_view name) {
  const auto* found =
      std::find_if(std::begin(kVerbs), std::end(kVerbs), [&](const auto* v) { return v->name == name; });
  return found == std::end(kVerbs) ? nullptr : *found;
}

std::vector<OptionGroup> options_of(const VerbEntry& entry, Verb& verb, TypedOptions& typed) {
  auto own = verb.options();
  own.heading = "Options";
  std::vector<OptionGroup> groups{std::move(own)};
  for (auto& group : common_options(typed, entry.groups)) groups.push_back(std::move(group));
  return groups;
}

Result<std::string> completion_script(std::string_view shell) {
  command_line::CommandLine line{"rfanreplay", {}};
  TypedOptions typed;
  std::vector<std::unique_ptr<Verb>> made;  // hold the targets
  const auto add = [&](const VerbEntry& entry, std::string_view name) {
    made.push_back(entry.make());
    line.syntaxes.push_back({std::string(name),
                             std::string(entry.summary),
                             options_of(entry, *made.back(), typed),
                             {Values::Kind::kTrace}});
  };
  add(*kVerbs[0], "");
  line.syntaxes.front().groups.push_back(program_options(typed));
  for (const auto* entry : kVerbs) add(*entry, entry->name);
  return command_line::completion_script(line, shell);
}

std::string help_text(std::string_view name) {
  const auto* entry = find_verb(name);
  if (entry == nullptr) return fmt::format(kProgramHelp, verb_list());
  const auto verb = entry->make();
  TypedOptions typed;
  const auto groups = options_of(*entry, *verb, typed);
  auto text = fmt::format("Usage: rfanreplay {} {}\n\n{}{}", entry->name, entry->synopsis, entry->about,
                          command_line::option_help(groups));
  if (entry->groups & kTakesFilters) text += kNotation;
  return text;
}

}  // namespace rfan::replay
