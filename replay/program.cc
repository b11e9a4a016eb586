#include "replay/program.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <mutex>
#include <new>
#include <set>

#include "format/base/escape.h"
#include "format/base/limits.h"
#include "format/base/unfolding.h"
#include "replay/text/pager.h"
#include "replay/text/standard_error.h"
#include "replay/verb_table.h"

namespace rfan::replay {
namespace {

// A valid command line.
struct Invocation {
  const VerbEntry* entry = nullptr;
  std::unique_ptr<Verb> verb;
  Options options;
  std::string text;  // to print instead of running the verb: help, version, completions
};

Error no_trace_given(const VerbEntry& entry, bool named) {
  return {.what = "no trace given",
          .hint = named ? fmt::format("write ./{} for a file of that name", entry.name) : ""};
}

Result<Invocation> parse(std::vector<std::string> arguments) {
  Invocation invocation;
  invocation.entry = arguments.empty() ? nullptr : find_verb(arguments.front());
  const bool named = invocation.entry != nullptr;
  if (named) arguments.erase(arguments.begin());
  if (!named) invocation.entry = verbs().front();
  const auto& entry = *invocation.entry;
  invocation.verb = entry.make();
  TypedOptions typed;
  auto groups = options_of(entry, *invocation.verb, typed);
  if (!named) groups.push_back(program_options(typed));
  if (entry.groups & kTakesSides) {
    std::replace(arguments.begin(), arguments.end(), std::string("--"), std::string(kSideMark));
  }
  std::vector<std::string> words;
  if (auto status = command_line::parse_words(groups, std::move(arguments), words); !status)
    return status.error();
  if (typed.help) {
    invocation.text = help_text(named ? entry.name : "");
  } else if (typed.version) {
    invocation.text = "rfanreplay " RFAN_VERSION "\n";
  } else if (typed.completion) {
    auto script = completion_script(*typed.completion);
    if (!script) return script.error();
    invocation.text = std::move(*script);
  }
  if (!invocation.text.empty()) return invocation;
  if (words.empty() && !(entry.groups & kTakesSides)) return no_trace_given(entry, named);
  auto options = interpret(typed, entry.groups, std::move(words));
  if (!options) return options.error();
  invocation.options = std::move(options).value();
  if (auto status = invocation.verb->check(invocation.options); !status) return status.error();
  return invocation;
}

// Writes lines to standard error, each note only once. Clears the progress line first.
class Console {
 public:
  Console(const NoteSink& sink, Progress& progress) : sink_(sink), progress_(progress) {}
  void say(std::string_view line) {
    progress_.clear();
    if (sink_) return sink_(line);
    write_to_standard_error(fmt::format("rfanreplay: {}\n", line));
  }
  void note(std::string_view line) {
    const std::lock_guard lock(mutex_);
    if (said_.insert(std::string(line)).second) say(fmt::format("note: {}", escaped_sentence(line)));
  }

 private:
  const NoteSink& sink_;
  Progress& progress_;
  std::mutex mutex_;  // the threads of a scan report damage
  std::set<std::string> said_;
};

std::size_t terminal_columns(int fd) {
  winsize size{};
  if (::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col != 0) return size.ws_col;
  return 80;
}

// Returns the status for a finished run. A pipe closed by its reader is not an error.
int exit_status_of(const Output& out, Console& console) {
  if (out.status() || out.closed()) return kExitClean;
  console.say(out.status().error().message());
  return kExitError;
}

int print_text(std::string_view text, Console& console, int fd) {
  Output out(fd);
  out.write(text);
  return exit_status_of(out, console);
}

std::string out_of_memory_text() {
  return fmt::format(
      "out of memory; a trace may take {} MiB and {} times its bytes for names, and an answer as much again: "
      "use filters, --threads 1 or a lower --unfold-limit",
      format::kFreeUnfoldedBytes >> 20U, format::unfolded_per_byte());
}

// Returns the filter that makes rows safe to show, or null. Pipes and files get unchanged rows, except csv
// with --safe-cells.
std::unique_ptr<RowFilter> row_filter(const Options& options, bool terminal) {
  if (options.format == OutputFormat::kJson && terminal) return std::make_unique<SafeJson>();
  if (options.format == OutputFormat::kCsv && (terminal || options.safe_cells))
    return std::make_unique<SafeCsv>();
  return nullptr;
}

int run_verb(const Invocation& invocation, Console& console, Progress& progress, int out_fd) {
  format::set_unfolded_per_byte(invocation.options.unfold_limit);
  const bool terminal = ::isatty(out_fd) == 1;
  // Read the width before the pager takes the terminal's place.
  const auto columns = terminal_columns(out_fd);
  const bool colour = terminal && std::getenv("NO_COLOR") == nullptr;  // NOLINT(concurrency-mt-unsafe)
  Pager pager(terminal && !invocation.options.no_pager && invocation.options.format == OutputFormat::kText,
              out_fd);
  Output out(pager.fd());
  out.pass_through(row_filter(invocation.options, terminal));
  const NoteSink note = [&](std::string_view line) { console.note(line); };
  for (const auto& line : invocation.options.notes) note(line);
  const Session session{invocation.options, out, note, progress, colour, columns};
  const auto coverage = invocation.verb->run(session);
  out.flush();
  pager.close();
  progress.end();
  if (!out.status()) return exit_status_of(out, console);
  if (!coverage) console.say(coverage.error().message());
  return invocation.verb->exit_status(coverage);
}

}  // namespace

int run_program(std::vector<std::string> arguments, const Streams& streams) {
  Progress progress(!streams.diagnostics && ::isatty(STDERR_FILENO) == 1);
  Console console(streams.diagnostics, progress);
  const auto invocation = parse(std::move(arguments));
  if (!invocation) {
    console.say(invocation.error().message() + "\nTry 'rfanreplay --help'.");
    return kExitUsage;
  }
  const auto& text = invocation.value().text;
  if (!text.empty()) return print_text(text, console, streams.out_fd);
  try {
    return run_verb(invocation.value(), console, progress, streams.out_fd);
  } catch (const std::bad_alloc&) {
    const Error error{out_of_memory_text(), {}, 0, {}};
    console.say(error.message());
    return invocation.value().verb->exit_status(error);
  }
}

}  // namespace rfan::replay
