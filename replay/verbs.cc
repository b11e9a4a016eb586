// The table of verbs, the help made from it, and the scan that most of them run.
#include <fmt/format.h>

#include <algorithm>

#include "replay/look_ahead.h"
#include "replay/program.h"
#include "replay/verb.h"

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
        Local time unless --utc is given. DURATION: 250us, 1.5ms, 10s.

  EXPR: comparisons with and, or, not and parentheses. FIELD == VALUE, != < <= > >=, ~ (glob), !~, and
  =~ (regular expression, RE2, anywhere in the text). Fields: exe comm cmdline cgroup pid ppid uid user
  path path2 kind verdict latency time; held, dir and deleted stand alone. Example:
  --where 'latency > 1ms and not (path ~ /tmp/ or exe =~ "python3?$")'
)";

constexpr VerbEntry kVerbs[] = {
    {"cat", "print the events, one per line (the default)", "TRACE... [FILTERS] [OUTPUT]",
     R"(Prints the events in the order in which they were recorded.

  rfanreplay trace.fbz --exe vim
  rfanreplay trace.fbz --exe cc1plus --path '*.h' --kind open
  rfanreplay trace.fbz --since +1m30s --until +2m --format jsonl | jq .path
  rfanreplay trace.fbz --sort latency --top 20      which opens waited longest for their answer
  rfanreplay trace.fbz --slowest 1s                 what happened in the slowest second
  sudo rfanrec -o - / | rfanreplay -                live
)",
     kTakesAll, make_cat},
    {"report", "count events by executable, path, directory, ...",
     "TRACE... [--by KEY,...] [FILTERS] [OUTPUT]",
     R"(Counts events by one or more keys, the most frequent first.

  rfanreplay report trace.fbz                                     by executable
  rfanreplay report trace.fbz --by dir --depth 3
  rfanreplay report trace.fbz --by exe,path --sort reopens        who opens the same file over and over
  rfanreplay report trace.fbz --by exe --sort short               who causes the most short opens
  rfanreplay report trace.fbz --by process --path /etc/hosts --kind close_write,rename   who wrote this file
  rfanreplay report trace.fbz --by path --kind open -F events,p50,p99,max
)",
     kTakesAll, make_report},
    {"files", "the files that were touched, in the order of first touch", "TRACE... [FILTERS] [OUTPUT]",
     R"(Prints every file once, in the order in which it was first touched: a list for packaging or reading ahead.

  rfanreplay files trace.fbz --tree 4711 --existing -0 | xargs -0 cat >/dev/null
  rfanreplay files trace.fbz --exe vim                what vim needs to start, in order
  rfanreplay files trace.fbz --wrote main.o           what the writers of main.o touched
  rfanreplay files trace.fbz --churn                  what was created and deleted again
)",
     kTakesAll, make_files},
    {"tree", "the processes, who started whom, with what each did", "TRACE... [FILTERS] [OUTPUT]",
     R"(Prints the processes that have events, and their parents, as a tree.

  rfanreplay tree trace.fbz
  rfanreplay tree trace.fbz --tree 4711 --depth 3
)",
     kTakesAll & ~kTakesSource, make_tree},
    {"hist", "rate and latency over time, drawn", "TRACE... [FILTERS] [OUTPUT]",
     R"(Draws how many events there were over time and how long held opens waited; marks losses.

  rfanreplay hist trace.fbz --exe cc1plus
  rfanreplay hist trace.fbz --since 20% --until 30% --rows 50
)",
     kTakesAll & ~kTakesSource, make_hist},
    {"diff", "what differs between two traces, or two groups of runs",
     "BASE NEW [FILTERS] [OUTPUT]\n       rfanreplay diff BASE... -- NEW... [FILTERS] [OUTPUT]",
     R"(Compares runs: what is new, gone, more, less, moved or slower, one line for each cause, what noise explains left out.
With several runs a side it is told from differences by how much the runs of a side differ.

  rfanreplay diff good.fbz bad.fbz
  rfanreplay diff good1.fbz good2.fbz good3.fbz -- bad1.fbz bad2.fbz bad3.fbz
  rfanreplay diff a.fbz b.fbz --map /home/ann/build=/build --map /tmp/build=/build
  rfanreplay diff a.fbz b.fbz --by dir                 how often, side by side
  rfanreplay diff a.fbz b.fbz --sets                   files and programs that only one side has
  rfanreplay diff a.fbz b.fbz --sequence --exe cc1     what was done in another order
  rfanreplay diff a.fbz b.fbz --path /usr/include/ --fail-on count:+10%

Exit status: 0 the same, 1 they differ (with --fail-on: a limit is broken), 2 an error, 3 compared, but
events are missing from a trace.
)",
     (kTakesAll & ~kTakesSource & ~kTakesReltime) | kTakesSides, make_diff},
    {"info", "what was recorded, where, how completely and at what cost", "TRACE... [OUTPUT]",
     R"(Describes each trace. Of a finished one it reads little more than the footer.

  rfanreplay info trace.fbz
  rfanreplay info trace.fbz --format json | jq .losses
)",
     0, make_info},
    {"verify", "read all of a trace and name what is damaged or missing", "TRACE... [OUTPUT]",
     R"(Reads everything: compares all checksums, decodes all events, and holds what a trace says twice against
each other. A trace that is being written is in progress, not damaged.

  rfanreplay verify trace.fbz
  rfanreplay verify /var/log/traces --format json | jq 'select(.state != "whole")'

Exit status: 0 whole, or in progress; 1 no trace at all; 3 something is damaged or missing, also when the
recorder itself lost events.
)",
     0, make_verify},
    {"recover", "save what is readable of a damaged trace into a new one", "TRACE -o OUT",
     R"(Writes a new, complete trace from all that is readable of one that is damaged, cut off or was not finished. What
is missing is in its loss ledger: a write error for each damaged place, with the number of events where that is
known. OUT appears only when it was read back and found whole.

  rfanreplay recover damaged.fbz -o saved.fbz
)",
     kMakesTrace, make_recover},
    {"slice", "cut out a part as a new trace, its names hashed on request",
     "TRACE... -o OUT [FILTERS] [OPTIONS]",
     R"(Writes the events that the filters want to a new trace. With times only, blocks that lie inside are copied as they
are, and all names come along, also those of processes that did nothing then. With other filters, several files
or --level, everything is encoded anew, and the new trace names only the processes and paths of its events; a
parent that has no event before is left out. What META says of the recording (host, command, mounts) is kept:
--redact hashes that too. OUT appears only when it was read back and found whole.

  rfanreplay slice trace.fbz --since +90s --until +100s -o ten_seconds.fbz
  rfanreplay slice trace.fbz --tree 4711 -o one_job.fbz
  rfanreplay slice trace.fbz --level 19 -o small.fbz
  rfanreplay slice trace.fbz --redact --redact-key key --redact-keep /usr/include/ -o to_share.fbz
)",
     kTakesFilters | kTakesThreads | kMakesTrace, make_slice},
};

std::string verb_list() {
  std::string text;
  for (const auto& verb : kVerbs) text += fmt::format("  {:<10} {}\n", verb.name, verb.summary);
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

Options: -h, --help; --version.

Exit status:
  0  everything asked for was printed
  1  an error: no such trace, not a trace, unreadable
  2  wrong usage
  3  printed, but something is missing: a trace is damaged or not finished, a file of a rotated set is
     missing, or the recorder lost events; notes on standard error say what
)";

}  // namespace

std::span<const VerbEntry> verbs() {
  return kVerbs;
}

const VerbEntry* find_verb(std::string_view name) {
  const auto* found =
      std::find_if(std::begin(kVerbs), std::end(kVerbs), [&](const auto& v) { return v.name == name; });
  return found == std::end(kVerbs) ? nullptr : found;
}

std::string help_text(std::string_view name) {
  const auto* entry = find_verb(name);
  if (entry == nullptr) return fmt::format(kProgramHelp, verb_list());
  const auto verb = entry->make();
  auto own = verb->options();
  own.heading = "Options";
  TypedOptions typed;
  std::vector<OptionGroup> groups{std::move(own)};
  for (auto& group : common_options(typed, entry->groups)) groups.push_back(std::move(group));
  auto text = fmt::format("Usage: rfanreplay {} {}\n\n{}{}", entry->name, entry->synopsis, entry->about,
                          option_help(groups));
  if (entry->groups & kTakesFilters) text += kNotation;
  return text;
}

Result<Coverage> scan_traces(const Session& session, Query& query, bool follow) {
  auto set = TraceSet::open(session.options.traces, session.note);
  if (!set) return set.error();
  return scan_set(session, *set, query, follow);
}

Result<Coverage> scan_set(const Session& session, const TraceSet& set, Query& query, bool follow) {
  auto filter = look_ahead(session, set);
  if (!filter) return filter.error();
  const ScanOptions options{session.options.threads, follow, session.options.time_style()};
  Scan scan(set, *filter, options, session.note, session.progress);
  auto coverage = scan.run(query);
  if (session.options.verbose) session.note(counts_text(scan.counts()));
  return coverage;
}

}  // namespace rfan::replay
