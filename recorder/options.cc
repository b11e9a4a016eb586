#include "recorder/options.h"

#include <algorithm>
#include <optional>
#include <span>
#include <sstream>
#include <string_view>
#include <utility>

#include "format/base/pattern.h"
#include "format/base/quantity.h"
#include "format/command_line/completion.h"

namespace rfan::recorder {

namespace {

constexpr const char* kDescription =
    "Usage: rfanrec [OPTIONS] [-o FILE] [PATH...] [-- COMMAND...]\n\n"
    "Records who opened, executed, wrote and closed which file, through fanotify, into a compact trace.\n"
    "Read the trace with rfanreplay.\n";

constexpr const char* kFooter = R"(
PATH: the filesystem that it lies on is recorded, all of it. Default: that of the current directory; with a COMMAND or
--pid, every mounted filesystem, as with --all. --exe, --path, --user and --cgroup may be repeated and mean the same as
in rfanreplay, but what they leave out is not in the trace at all: it is only counted.

With a COMMAND, only it and its descendants are recorded, and rfanrec ends with it and with its exit status; with
--duration it also waits that long for daemons that COMMAND left behind.
Without, the recording ends with Ctrl-C (or SIGTERM, or --duration).

Examples:
  sudo rfanrec /                          everything on the root filesystem, into trace.fbz
  sudo rfanrec -o vim.fbz -- vim notes    what vim touches, on all filesystems
  sudo rfanrec --duration 10s /home       ten seconds of /home's filesystem
  rfanreplay trace.fbz --exe vim          what vim did

Exit status: that of COMMAND; else 0 recorded, 1 error, 2 wrong command line. 126 and 127: COMMAND cannot be run.
)";

constexpr const char* kDefaultEvents = "open,exec,close_write,close_nowrite,create,delete,rename";
// The reader still beats while it holds openers back on purpose, which takes up to a quarter of a second
// (CaptureTurns::kMaxThrottleNs).
constexpr std::chrono::milliseconds kMinStall{200};
// Shorter intervals would fill the file with frame heads.
constexpr std::chrono::milliseconds kMinFlushInterval{10};
constexpr std::chrono::milliseconds kMaxFlushInterval{3'600'000};

// The values of an option, from which parse_choice() takes a position.
constexpr const char* kHoldModes = "open exec none";
constexpr const char* kQueues = "unlimited default";
constexpr const char* kWhenFull = "stop drop-oldest";

// Options as typed, as far as their values must still be interpreted.
struct Texts {
  RecordFilterArguments filter;
  DenyArguments deny;
  std::optional<std::string> duration;
  std::string max_stall = "2s";
  std::string flush_interval = "250ms";
  std::string time_resolution = "10us";
  std::optional<std::string> rotate_size, rotate_time, keep_size, keep_age;
  std::string when_full = "stop";
  std::string hold = "open";
  std::string kernel_queue = "unlimited";
  std::string events = kDefaultEvents;  // one word: as a list it would swallow the PATH after it
  std::optional<std::uint64_t> pid, cpu, keep_files;
  bool help = false, version = false;
  std::optional<std::string> completion;
};

using command_line::OptionGroup;
using Kind = command_line::Values::Kind;

OptionGroup scope_options(Options& options, Texts& texts) {
  return {"What is recorded",
          {
              {"--all", "", "every mounted filesystem, those that are mounted later too", &options.all},
              {"--pid",
               "PID",
               "only this process and its descendants; ends with it",
               &texts.pid,
               {Kind::kProcess},
               {1, INT32_MAX}},
              {"--events",
               "KIND,...",
               "only these kinds of events (" + format::event_kind_names() + ")",
               &texts.events,
               {Kind::kWords, format::event_kind_names()}},
              {"--exe",
               "GLOB",
               "only processes of this executable; '!' before it: all but these",
               &texts.filter.exe,
               {Kind::kFile}},
              {"--path", "GLOB", "only these files", &texts.filter.path, {Kind::kFile}},
              {"--user",
               "USER",
               "only processes of this user (name or number)",
               &texts.filter.user,
               {Kind::kUser}},
              {"--cgroup", "GLOB", "only processes of this control group", &texts.filter.cgroup},
              {"--duration", "TIME", "end after this time: 500ms, 10s, 5m, 1h", &texts.duration},
              {"--coverage", "", "say which mounts would be recorded, which not, and why; record nothing",
               &options.coverage},
          }};
}

OptionGroup holding_options(Texts& texts) {
  return {"What waits for the recorder",
          {
              {"--hold",
               "MODE",
               "what waits until it was identified: open (every open and exec: exact), exec, or none "
               "(nothing waits; "
               "the kernel may merge events)",
               &texts.hold,
               {Kind::kWord, kHoldModes}},
              {"--max-stall", "TIME", "a recorder that does not answer for so long is killed, at least 200ms",
               &texts.max_stall},
              {"--kernel-queue",
               "LIMIT",
               "events that wait in the kernel: unlimited, or default (fs.fanotify.max_queued_events; what "
               "comes on "
               "top is lost)",
               &texts.kernel_queue,
               {Kind::kWord, kQueues}},
              {"--cpu",
               "N",
               "pin the reader thread to this CPU (default: the last one allowed)",
               &texts.cpu,
               {},
               {0, INT32_MAX}},
              {"--deny",
               "GLOB",
               "fault injection: let opens and execs of these files by recorded processes fail",
               &texts.deny.globs,
               {Kind::kFile}},
              {"--deny-errno",
               "NAME",
               "with this error: EPERM (default) EIO EBUSY ETXTBSY EAGAIN ENOSPC EDQUOT",
               &texts.deny.error,
               {Kind::kWord, "EPERM EIO EBUSY ETXTBSY EAGAIN ENOSPC EDQUOT"}},
          }};
}

OptionGroup trace_options(Options& options, Texts& texts) {
  return {
      "The trace",
      {
          {"-o,--output",
           "FILE",
           "trace file, '-' for standard output; an existing one becomes FILE.old",
           &options.output,
           {Kind::kTrace}},
          {"--flush-interval", "TIME",
           "write at least so often; a killed recorder loses no more, at least 10ms", &texts.flush_interval},
          {"--sync", "", "make each flush survive a loss of power too (fdatasync)", &options.sync},
          {"--time-resolution", "TIME",
           "unit of stored times, which are no finer than the reads that gave them: 100ns, 1us, 1ms",
           &texts.time_resolution},
          {"--rotate-size", "SIZE",
           "go on in the next file, FILE with a number, when one has grown to this: 64M, 1G",
           &texts.rotate_size},
          {"--rotate-time", "TIME", "... or covers this time; SIGUSR2 does it at once", &texts.rotate_time},
          {"--keep-files",
           "N",
           "keep so many files, the one being written included",
           &texts.keep_files,
           {},
           {1}},
          {"--keep-size", "SIZE", "keep finished files of so many bytes together", &texts.keep_size},
          {"--keep-age", "TIME", "keep files that were finished no longer ago: 12h, 7d", &texts.keep_age},
          {"--when-full",
           "WHAT",
           "on a full disk: stop (what is recorded stays) or drop-oldest (file, and go on)",
           &texts.when_full,
           {Kind::kWord, kWhenFull}},
      }};
}

OptionGroup other_options(Options& options, Texts& texts) {
  return {"Others",
          {
              {"--status", "", "show the status line with a COMMAND too, which has the same terminal",
               &options.status},
              {"-q,--quiet", "", "print no status line and no summary", &options.quiet},
              command_line::completion_option(texts.completion),
              {"--version", "", "the version", &texts.version},
              {"-h,--help", "", "this text", &texts.help},
          }};
}

// The targets are in `options` and `texts`.
std::vector<OptionGroup> all_options(Options& options, Texts& texts) {
  return {scope_options(options, texts), holding_options(texts), trace_options(options, texts),
          other_options(options, texts)};
}

std::string help_text() {
  Options options;
  Texts texts;
  return kDescription + command_line::option_help(all_options(options, texts)) + kFooter;
}

Result<std::string> completion_script(const std::string& shell) {
  Options options;
  Texts texts;
  return command_line::completion_script(
      {"rfanrec", {{"", "", all_options(options, texts), {Kind::kFile}}}, true}, shell);
}

ParsedOptions usage_error(const std::string& what) {
  return {std::nullopt, what + "; try rfanrec --help", 2};
}

Result<std::uint32_t> parse_events(const std::string& list) {
  std::uint32_t kinds = 0;
  std::istringstream names(list);
  for (std::string name; std::getline(names, name, ',');) {
    const auto kind = format::event_kind_from_name(name);
    if (!kind) return Error{"unknown kind of event", name, 0, "known are " + format::event_kind_names()};
    kinds |= event_bit(*kind);
  }
  if (kinds == 0)
    return Error{"--events names no kind of event", {}, 0, "known are " + format::event_kind_names()};
  return kinds;
}

// Leaves `value` unchanged if the option was not given. An empty text may be the "$SIZE" of a script that
// forgot to set it; it does not ask for the default.
template <typename Value>
Status interpret_one(const std::optional<std::string>& text, Result<Value> (*parse)(std::string_view),
                     Value& value) {
  if (!text) return {};
  auto parsed = parse(*text);
  if (!parsed) return parsed.error();
  value = *parsed;
  return {};
}

// Returns the position of `text` among the choices, which are separated by spaces.
Result<std::size_t> parse_choice(const char* option, const std::string& text, const std::string& choices) {
  std::istringstream words(choices);
  std::size_t position = 0;
  for (std::string word; words >> word; ++position) {
    if (word == text) return position;
  }
  return Error{std::string("unknown value of ") + option, text, 0, "there are " + choices};
}

Status interpret_rotation(const Texts& texts, Options& options) {
  auto& rotation = options.rotation;
  for (const auto& status : {interpret_one(texts.rotate_size, parse_size, rotation.file_bytes),
                             interpret_one(texts.rotate_time, parse_milliseconds, rotation.file_time),
                             interpret_one(texts.keep_size, parse_size, rotation.keep_bytes),
                             interpret_one(texts.keep_age, parse_milliseconds, rotation.keep_age)}) {
    if (!status) return status;
  }
  rotation.keep_files = texts.keep_files.value_or(0);
  const auto when_full = parse_choice("--when-full", texts.when_full, kWhenFull);
  if (!when_full) return when_full.error();
  rotation.drop_when_full = when_full.value() == 1;
  if (rotation.rotates() && options.output == "-")
    return Error{"standard output cannot be rotated", {}, 0, "give a file with -o"};
  if (rotation.retains() && !rotation.rotates()) {
    return Error{"--keep-files, --keep-size, --keep-age and --when-full are about rotated files",
                 {},
                 0,
                 "give --rotate-size or --rotate-time too"};
  }
  return {};
}

Status interpret_writing(const Texts& texts, Options& options) {
  if (auto status = interpret_one(texts.flush_interval, parse_milliseconds, options.flush_interval); !status)
    return status;
  if (options.flush_interval < kMinFlushInterval || options.flush_interval > kMaxFlushInterval)
    return Error{"--flush-interval is out of range", texts.flush_interval, 0, "give 10ms to 1h"};
  if (auto status = interpret_one(texts.time_resolution, parse_time_resolution, options.time_resolution_ns);
      !status)
    return status;
  return interpret_rotation(texts, options);
}

// Rejects rules that could stop the whole machine by a slip of the pen: a rule must be limited to named
// processes, and to events that wait for us.
Status check_denials(const Options& options) {
  if (options.deny.empty()) return {};
  constexpr std::uint32_t kOpenKinds =
      event_bit(format::EventKind::kOpen) | event_bit(format::EventKind::kExec);
  const bool exec_only = options.hold == format::HoldMode::kExec;
  const std::uint32_t waiting = exec_only ? event_bit(format::EventKind::kExec) : kOpenKinds;
  if (options.hold == format::HoldMode::kNone || (options.event_kinds & waiting) == 0)
    return Error{"--deny needs events that wait", {}, 0, "record opens or execs, and leave --hold none out"};
  if (options.command.empty() && options.pid == 0 && !options.filter.names_processes()) {
    return Error{"--deny would hit every process",
                 {},
                 0,
                 "say whose opens may fail: -- COMMAND, --pid, --exe, --user or --cgroup"};
  }
  return {};
}

void note_relative_globs(const Texts& texts, std::vector<std::string>& notes) {
  const std::pair<const char*, const std::vector<std::string>&> lists[] = {{"--exe", texts.filter.exe},
                                                                           {"--path", texts.filter.path},
                                                                           {"--cgroup", texts.filter.cgroup},
                                                                           {"--deny", texts.deny.globs}};
  for (const auto& [option, values] : lists) {
    for (const auto& value : values) {
      if (auto note = format::relative_pattern_note(option, value); !note.empty())
        notes.push_back(std::move(note));
    }
  }
}

Status interpret_holding(const Texts& texts, Options& options) {
  if (auto status = interpret_one(texts.max_stall, parse_milliseconds, options.max_stall); !status)
    return status;
  if (options.max_stall < kMinStall)
    return Error{"--max-stall is too short", texts.max_stall, 0, "give 200ms or more"};
  static constexpr format::HoldMode kModes[] = {format::HoldMode::kOpen, format::HoldMode::kExec,
                                                format::HoldMode::kNone};
  const auto mode = parse_choice("--hold", texts.hold, kHoldModes);
  if (!mode) return mode.error();
  options.hold = kModes[mode.value()];
  const auto queue = parse_choice("--kernel-queue", texts.kernel_queue, kQueues);
  if (!queue) return queue.error();
  if (queue.value() == 1) options.kernel_queue = KernelQueue::kDefault;
  return {};
}

Status interpret(const Texts& texts, Options& options) {
  if (texts.duration) {
    const auto duration = parse_milliseconds(*texts.duration);
    if (!duration) return duration.error();
    options.duration = duration.value();
  }
  options.pid = static_cast<std::uint32_t>(texts.pid.value_or(0));
  if (texts.cpu) options.cpu = static_cast<int>(*texts.cpu);
  if (auto status = interpret_holding(texts, options); !status) return status;
  if (auto status = interpret_writing(texts, options); !status) return status;
  auto filter = RecordFilter::parse(texts.filter);
  if (!filter) return filter.error();
  options.filter = std::move(*filter);
  const auto kinds = parse_events(texts.events);
  if (!kinds) return kinds.error();
  options.event_kinds = kinds.value();
  auto deny = DenyRules::parse(texts.deny);
  if (!deny) return deny.error();
  options.deny = std::move(*deny);
  note_relative_globs(texts, options.notes);
  return check_denials(options);
}

}  // namespace

Result<std::chrono::milliseconds> parse_milliseconds(std::string_view text) {
  constexpr std::uint64_t kNsPerMs = 1'000'000;
  auto ns = parse_duration(text);
  if (!ns) return ns.error();
  if (*ns < kNsPerMs) return Error{"the duration is too short", std::string(text), 0, "write 1ms or more"};
  return std::chrono::milliseconds(*ns / kNsPerMs);
}

Result<std::uint32_t> parse_time_resolution(std::string_view text) {
  constexpr std::uint64_t kMaxNs = 1'000'000'000;
  auto ns = parse_duration(text);
  if (!ns || *ns == 0 || *ns > kMaxNs)
    return Error{"cannot understand the time resolution", std::string(text), 0,
                 "write 100ns, 1us or 1ms, at most 1s"};
  return static_cast<std::uint32_t>(*ns);
}

ParsedOptions parse_options(int argc, const char* const* argv) {
  // All words after "--" are the command, unchanged.
  const std::vector<std::string> words(argv + 1, argv + argc);
  const auto dashes = std::find(words.begin(), words.end(), "--");
  Options options;
  options.words.assign(argv, argv + argc);
  Texts texts;
  if (const auto status =
          command_line::parse_words(all_options(options, texts), {words.begin(), dashes}, options.paths);
      !status)
    return usage_error(status.error().message());
  if (texts.help) return {std::nullopt, help_text(), 0};
  if (texts.version) return {std::nullopt, "rfanrec " RFAN_VERSION "\n", 0};
  if (texts.completion) {
    auto script = completion_script(*texts.completion);
    if (!script) return usage_error(script.error().message());
    return {std::nullopt, std::move(*script), 0};
  }
  if (dashes != words.end()) {
    options.command.assign(dashes + 1, words.end());
    if (options.command.empty()) return usage_error("a command must follow '--'");
  }
  if (options.quiet && options.status) return usage_error("--quiet and --status exclude each other");
  if (texts.pid && !options.command.empty()) return usage_error("--pid and a COMMAND exclude each other");
  if (options.all && !options.paths.empty()) return usage_error("--all and PATHs exclude each other");
  if (const auto status = interpret(texts, options); !status) {
    return usage_error(status.error().message());
  }
  return {std::move(options), {}, 0};
}

}  // namespace rfan::recorder
