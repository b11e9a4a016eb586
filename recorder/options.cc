#include "recorder/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <charconv>
#include <memory>
#include <optional>
#include <span>
#include <sstream>
#include <string_view>
#include <utility>

#include "format/base/pattern.h"
#include "format/base/quantity.h"

namespace rfan::recorder {

namespace {

constexpr const char* kDescription =
    "Records who opened, executed, wrote and closed which file, through fanotify, into a compact trace.\n"
    "Read the trace with rfanreplay.";

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

Exit status: that of COMMAND; else 0 recorded, 1 error, 2 wrong command line. 126 and 127: COMMAND cannot be run.)";

constexpr const char* kDefaultEvents = "open,exec,close_write,close_nowrite,create,delete,rename";
// The reader still beats while it holds openers back on purpose, which takes up to a quarter of a second
// (CaptureTurns::kMaxThrottleNs).
constexpr std::chrono::milliseconds kMinStall{200};
// Shorter intervals would fill the file with frame heads.
constexpr std::chrono::milliseconds kMinFlushInterval{10};
constexpr std::chrono::milliseconds kMaxFlushInterval{3'600'000};

std::string all_event_names() {
  std::string names;
  for (std::size_t kind = 1; kind < format::kEventKindLimit; ++kind) {
    if (!names.empty()) names += ' ';
    names += format::event_kind_name(static_cast<format::EventKind>(kind));
  }
  return names;
}

// The range checks of CLI11 quote the limits of double, with 308 digits.
CLI::Validator whole_number_from(std::int32_t least) {
  const auto check = [least](const std::string& text) -> std::string {
    std::int32_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, number);
    if (error == std::errc{} && rest == end && number >= least) return {};
    return "needs a whole number of " + std::to_string(least) + " or more, not '" + text + "'";
  };
  return {check, "", ""};
}

// An empty value may be the "$SIZE" of a script that forgot to set it; it does not ask for the default.
CLI::Validator not_empty() {
  return {[](const std::string& text) { return std::string(text.empty() ? "needs a value" : ""); }, "", ""};
}

class HelpFormatter : public CLI::Formatter {
 public:
  std::string make_usage(const CLI::App*, std::string) const override {
    return "Usage: rfanrec [OPTIONS] [-o FILE] [PATH...] [-- COMMAND...]\n";
  }
};

// Options as typed, as far as their values must still be interpreted.
struct Texts {
  RecordFilterArguments filter;
  DenyArguments deny;
  std::string duration;
  std::string max_stall = "2s";
  std::string flush_interval = "250ms";
  std::string time_resolution = "10us";
  std::string rotate_size, rotate_time, keep_size, keep_age;
  std::string when_full = "stop";
  std::string hold = "open";
  std::string kernel_queue = "unlimited";
  std::string events = kDefaultEvents;  // one word: as a list it would swallow the PATH after it
};

void define_rotation(CLI::App& app, Options& options, Texts& texts) {
  const auto add = [&](const char* name, std::string& value, const char* type, const char* text) {
    return app.add_option(name, value, text)->type_name(type)->check(not_empty());
  };
  add("--rotate-size", texts.rotate_size, "SIZE",
      "go on in the next file, FILE with a number, when one has grown to this: 64M, 1G");
  add("--rotate-time", texts.rotate_time, "TIME", "... or covers this time; SIGUSR2 does it at once");
  app.add_option("--keep-files", options.rotation.keep_files,
                 "keep so many files, the one being written included")
      ->type_name("N")
      ->check(whole_number_from(1));
  add("--keep-size", texts.keep_size, "SIZE", "keep finished files of so many bytes together");
  add("--keep-age", texts.keep_age, "TIME", "keep files that were finished no longer ago: 12h, 7d");
  add("--when-full", texts.when_full, "WHAT",
      "on a full disk: stop (what is recorded stays) or drop-oldest (file, and go on)")
      ->check(CLI::IsMember({"stop", "drop-oldest"}))
      ->capture_default_str();
}

void define_options(CLI::App& app, Options& options, Texts& texts) {
  app.footer(kFooter);
  app.set_version_flag("--version", std::string("rfanrec ") + RFAN_VERSION);
  app.add_option("-o,--output", options.output,
                 "trace file, '-' for standard output; an existing one becomes FILE.old")
      ->type_name("FILE")
      ->capture_default_str();
  app.add_option("--events", texts.events, "what to record, of: " + all_event_names())
      ->type_name("KIND,...")
      ->capture_default_str();
  app.add_option("--hold", texts.hold,
                 "what waits until it was identified: open (every open and exec: exact), exec, or none "
                 "(nothing waits; "
                 "the kernel may merge events)")
      ->type_name("MODE")
      ->check(CLI::IsMember({"open", "exec", "none"}))
      ->capture_default_str();
  app.add_flag("--all", options.all, "record every mounted filesystem, those that are mounted later too");
  app.add_option("--pid", options.pid, "record only this process and its descendants; ends with it")
      ->type_name("PID")
      ->check(whole_number_from(1));
  const auto add_filter = [&](const char* name, std::vector<std::string>& values, const char* text) {
    // Take one value each time; otherwise the PATH after it would be one more value.
    app.add_option(name, values, text)->type_name("GLOB")->allow_extra_args(false);
  };
  add_filter("--exe", texts.filter.exe,
             "record only processes of this executable; '!' before it: all but these");
  add_filter("--path", texts.filter.path, "record only these files");
  add_filter("--user", texts.filter.user, "record only processes of this user (name or number)");
  add_filter("--cgroup", texts.filter.cgroup, "record only processes of this control group");
  add_filter("--deny", texts.deny.globs,
             "fault injection: let opens and execs of these files by recorded processes fail");
  app.add_option("--deny-errno", texts.deny.error,
                 "with this error: EPERM (default) EIO EBUSY ETXTBSY EAGAIN ENOSPC EDQUOT")
      ->type_name("NAME");
  app.add_flag("--coverage", options.coverage,
               "say which mounts would be recorded, which not, and why; record nothing");
  app.add_option("--max-stall", texts.max_stall,
                 "a recorder that does not answer for so long is killed, at least 200ms")
      ->type_name("TIME")
      ->capture_default_str();
  app.add_option("--kernel-queue", texts.kernel_queue,
                 "events that wait in the kernel: unlimited, or default (fs.fanotify.max_queued_events; what "
                 "comes on top is lost)")
      ->type_name("LIMIT")
      ->check(CLI::IsMember({"unlimited", "default"}))
      ->capture_default_str();
  app.add_option("--duration", texts.duration, "end after this time: 500ms, 10s, 5m, 1h")->type_name("TIME");
  app.add_option("--flush-interval", texts.flush_interval,
                 "write at least so often; a killed recorder loses no more, at least 10ms")
      ->type_name("TIME")
      ->check(not_empty())
      ->capture_default_str();
  app.add_flag("--sync", options.sync, "make each flush survive a loss of power too (fdatasync)");
  app.add_option("--time-resolution", texts.time_resolution,
                 "unit of stored times, which are no finer than the reads that gave them: 100ns, 1us, 1ms")
      ->type_name("TIME")
      ->check(not_empty())
      ->capture_default_str();
  define_rotation(app, options, texts);
  app.add_option("--cpu", options.cpu, "pin the reader thread to this CPU (default: the last one allowed)")
      ->type_name("N")
      ->check(whole_number_from(0));
  app.add_flag("--status", options.status,
               "show the status line with a COMMAND too, which has the same terminal");
  app.add_flag("-q,--quiet", options.quiet, "print no status line and no summary");
  // Take all remaining words as PATHs, unchanged. As an option of their own CLI11 would read "[a,b]" as a
  // list.
  app.allow_extras();
}

ParsedOptions usage_error(const std::string& what) {
  return {std::nullopt, what + "; try rfanrec --help", 2};
}

Result<std::uint32_t> parse_events(const std::string& list) {
  std::uint32_t kinds = 0;
  std::istringstream names(list);
  for (std::string name; std::getline(names, name, ',');) {
    const auto kind = format::event_kind_from_name(name);
    if (!kind) return Error{"unknown kind of event", name, 0, "known are " + all_event_names()};
    kinds |= event_bit(*kind);
  }
  if (kinds == 0) return Error{"--events names no kind of event", {}, 0, "known are " + all_event_names()};
  return kinds;
}

// Leaves `value` unchanged if the option was not given.
template <typename Value>
Status interpret_one(const std::string& text, Result<Value> (*parse)(std::string_view), Value& value) {
  if (text.empty()) return {};
  auto parsed = parse(text);
  if (!parsed) return parsed.error();
  value = *parsed;
  return {};
}

Status interpret_rotation(const Texts& texts, Options& options) {
  auto& rotation = options.rotation;
  for (const auto& status : {interpret_one(texts.rotate_size, parse_size, rotation.file_bytes),
                             interpret_one(texts.rotate_time, parse_milliseconds, rotation.file_time),
                             interpret_one(texts.keep_size, parse_size, rotation.keep_bytes),
                             interpret_one(texts.keep_age, parse_milliseconds, rotation.keep_age)}) {
    if (!status) return status;
  }
  rotation.drop_when_full = texts.when_full == "drop-oldest";
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
  constexpr std::uint32_t kHeld = event_bit(format::EventKind::kOpen) | event_bit(format::EventKind::kExec);
  const bool exec_only = options.hold == format::HoldMode::kExec;
  const std::uint32_t held = exec_only ? event_bit(format::EventKind::kExec) : kHeld;
  if (options.hold == format::HoldMode::kNone || (options.event_kinds & held) == 0)
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

Status interpret(const Texts& texts, bool has_duration, Options& options) {
  if (has_duration) {
    const auto duration = parse_milliseconds(texts.duration);
    if (!duration) return duration.error();
    options.duration = duration.value();
  }
  const auto max_stall = parse_milliseconds(texts.max_stall);
  if (!max_stall) return max_stall.error();
  options.max_stall = max_stall.value();
  if (options.max_stall < kMinStall)
    return Error{"--max-stall is too short", texts.max_stall, 0, "give 200ms or more"};
  options.hold = texts.hold == "open"   ? format::HoldMode::kOpen
                 : texts.hold == "exec" ? format::HoldMode::kExec
                                        : format::HoldMode::kNone;
  if (texts.kernel_queue == "default") options.kernel_queue = KernelQueue::kDefault;
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
  CLI::App app(kDescription, "rfanrec");
  app.formatter(std::make_shared<HelpFormatter>());
  define_options(app, options, texts);
  try {
    app.parse(std::vector<std::string>(std::make_reverse_iterator(dashes), words.rend()));
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() != 0) return usage_error(error.what());
    const bool version = std::find(words.begin(), dashes, "--version") != dashes;
    return {std::nullopt, version ? app.version() + "\n" : app.help(), 0};
  }
  for (const auto& word : app.remaining()) {
    if (word.size() > 1 && word.front() == '-') return usage_error("unknown option '" + word + "'");
    options.paths.push_back(word);
  }
  if (dashes != words.end()) {
    options.command.assign(dashes + 1, words.end());
    if (options.command.empty()) return usage_error("a command must follow '--'");
  }
  if (options.quiet && options.status) return usage_error("--quiet and --status exclude each other");
  if (options.pid != 0 && !options.command.empty())
    return usage_error("--pid and a COMMAND exclude each other");
  if (options.all && !options.paths.empty()) return usage_error("--all and PATHs exclude each other");
  if (const auto status = interpret(texts, app.count("--duration") != 0, options); !status) {
    return usage_error(status.error().message());
  }
  return {std::move(options), {}, 0};
}

}  // namespace rfan::recorder
