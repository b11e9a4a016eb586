#include "replay/verb/options.h"

#include <algorithm>
#include <thread>

#include "format/base/pattern.h"
#include "format/command_line/completion.h"
#include "format/model/event.h"

namespace rfan::replay {
namespace {

OptionGroup filter_options(TypedOptions& typed) {
  auto& filter = typed.filter;
  return {
      "Filters",
      {
          {"--exe",
           "GLOB",
           "executable; without a slash also the name the process was started under",
           &filter.exe,
           {Values::Kind::kFile}},
          {"--comm", "GLOB", "the process's comm (the kernel keeps 15 bytes of it)", &filter.comm},
          {"--pid", "PID", "process id", &filter.pid, {Values::Kind::kProcess}},
          {"--tree",
           "PID",
           "the process with that id and all its descendants",
           &filter.tree,
           {Values::Kind::kProcess}},
          {"--user", "USER", "the process's user, by name or number", &filter.user, {Values::Kind::kUser}},
          {"--cgroup", "GLOB", "the process's control group", &filter.cgroup},
          {"--path", "GLOB", "the object, or the target of a rename", &filter.path, {Values::Kind::kFile}},
          {"--kind",
           "KIND,...",
           format::event_kind_names(),
           &filter.kind,
           {Values::Kind::kWords, format::event_kind_names()}},
          {"--since", "TIME", "at that time or later", &filter.since},
          {"--until", "TIME", "before that time", &filter.until},
          {"--min-latency", "DURATION", "held events that waited for so long or longer", &filter.min_latency},
          {"--verdict",
           "VERDICT",
           "allow, deny, or none: events that did not wait for one",
           &filter.verdict,
           {Values::Kind::kWord, "allow deny none"}},
          {"--where", "EXPR", "an expression, see below", &filter.where},
          {"--wrote",
           "GLOB",
           "processes that wrote, created or renamed such a file; looks through the trace first",
           &typed.wrote,
           {Values::Kind::kFile}},
          {"--slowest", "DURATION",
           "the stretch of that length in which openers waited longest, all together; looks through the "
           "trace first, with the other filters",
           &typed.slowest},
      }};
}

struct FormatNames {
  std::string_view words;
  std::string_view listed;
  std::string_view error;
};

FormatNames format_names(unsigned groups) {
  if (groups & kTakesMarkdown)
    return {"text jsonl csv markdown", "text, jsonl, csv or markdown",
            "the formats are text, jsonl, csv and markdown"};
  if (groups & kTakesFormats)
    return {"text jsonl csv", "text, jsonl or csv", "the formats are text, jsonl and csv"};
  return {"text json", "text or json", "the formats are text and json"};
}

OptionGroup output_options(TypedOptions& typed, unsigned groups) {
  OptionGroup group{"Output", {}};
  const bool rows = groups & kTakesFormats;
  const bool makes_trace = groups & kMakesTrace;
  if (!makes_trace) {
    const auto formats = format_names(groups);
    group.options.push_back({"--format",
                             "FORMAT",
                             std::string(formats.listed),
                             &typed.format,
                             {Values::Kind::kWord, std::string(formats.words)}});
  }
  if (rows && !makes_trace) {
    group.options.push_back(
        {"--safe-cells", "",
         "with csv: escape what a terminal acts on, and put ' before cells that a spreadsheet "
         "takes for formulas; always on a terminal",
         &typed.safe_cells});
  }
  if (groups & kTakesReltime) {
    group.options.push_back(
        {"--reltime", "", "show seconds since the start of the trace instead of dates", &typed.reltime});
  }
  if (!makes_trace || (groups & kTakesFilters)) {
    group.options.push_back({"--utc", "", "show and read dates as UTC instead of local time", &typed.utc});
  }
  if (groups & kTakesSource) {
    group.options.push_back({"-H,--source", "", "say which file it comes from", &typed.show_source});
  }
  if (!makes_trace) {
    group.options.push_back(
        {"--no-pager", "", "do not pipe text through less on a terminal", &typed.no_pager});
  }
  if (groups & kTakesThreads) {
    group.options.push_back({"--threads", "N", "use so many threads (default: all CPUs)", &typed.threads});
  }
  if (!makes_trace || (groups & kTakesFilters)) {
    group.options.push_back({"-v,--verbose", "",
                             "say on standard error how much was read and how much was skipped",
                             &typed.verbose});
  }
  group.options.push_back({"--unfold-limit", "N",
                           "take names that unfold to N times the bytes of the trace (default: 1000)",
                           &typed.unfold_limit});
  group.options.push_back({"-h,--help", "", "this text", &typed.help});
  return group;
}

Result<OutputFormat> parse_format(const std::string& name, unsigned groups) {
  const bool rows = groups & kTakesFormats;
  if (name == "text") return OutputFormat::kText;
  if (name == (rows ? "jsonl" : "json")) return OutputFormat::kJson;
  if (rows && name == "csv") return OutputFormat::kCsv;
  if ((groups & kTakesMarkdown) && name == "markdown") return OutputFormat::kMarkdown;
  return Error{"unknown format", name, 0, std::string(format_names(groups).error)};
}

}  // namespace

OptionGroup program_options(TypedOptions& typed) {
  return {
      "",
      {{"--version", "", "the version", &typed.version}, command_line::completion_option(typed.completion)}};
}

std::vector<OptionGroup> common_options(TypedOptions& typed, unsigned groups) {
  std::vector<OptionGroup> all;
  if (groups & kTakesFilters) all.push_back(filter_options(typed));
  all.push_back(output_options(typed, groups));
  return all;
}

namespace {

// Divides the words of a verb with two sides. Two traces are the two sides; if there are more, "--" separates
// the sides.
Status split_sides(unsigned groups, std::vector<std::string> words, Options& options) {
  const auto mark = std::find(words.begin(), words.end(), kSideMark);
  const bool marked = mark != words.end();
  if (!(groups & kTakesSides)) {
    options.traces = std::move(words);
    return {};
  }
  options.traces.assign(words.begin(), mark);
  if (marked) {
    options.new_traces.assign(mark + 1, words.end());
  } else if (words.size() == 2) {
    options.new_traces.push_back(options.traces.back());
    options.traces.pop_back();
  }
  const auto& fresh = options.new_traces;
  if (fresh.empty() || options.traces.empty() ||
      std::find(fresh.begin(), fresh.end(), kSideMark) != fresh.end()) {
    return Error{"two sides to compare are needed", {}, 0, "write BASE NEW, or BASE... -- NEW..."};
  }
  return {};
}

}  // namespace

Result<Options> interpret(const TypedOptions& typed, unsigned groups, std::vector<std::string> traces) {
  Options options;
  if (auto status = split_sides(groups, std::move(traces), options); !status) return status.error();
  if (std::count(options.traces.begin(), options.traces.end(), "-") > 1) {
    return Error{"standard input was given twice", {}, 0, {}};
  }
  const auto format = parse_format(typed.format, groups);
  if (!format) return format.error();
  options.format = format.value();
  auto filter = parse_filter(typed.filter, typed.utc, &options.notes);
  if (!filter) return filter.error();
  options.filter = std::move(filter).value();
  options.wrote = typed.wrote;
  if (auto note = format::relative_pattern_note("--wrote", typed.wrote); !note.empty())
    options.notes.push_back(std::move(note));
  options.slowest = typed.slowest;
  options.reltime = typed.reltime;
  options.utc = typed.utc;
  options.show_source = typed.show_source;
  options.verbose = typed.verbose;
  options.no_pager = typed.no_pager;
  options.safe_cells = typed.safe_cells;
  if (options.safe_cells && options.format != OutputFormat::kCsv)
    return Error{"--safe-cells goes with --format csv", {}, 0, {}};
  const auto threads = typed.threads.value_or(std::thread::hardware_concurrency());
  constexpr std::uint64_t kMaxThreads = 256;
  if (typed.threads && (threads == 0 || threads > kMaxThreads)) {
    return Error{"--threads wants a number from 1 to 256", {}, 0, {}};
  }
  options.threads = static_cast<unsigned>(std::clamp<std::uint64_t>(threads, 1, kMaxThreads));
  options.unfold_limit = typed.unfold_limit.value_or(options.unfold_limit);
  return options;
}

}  // namespace rfan::replay
