#include "recorder/session.h"

#include <fmt/format.h>
#include <poll.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <memory>
#include <optional>

#include "format/trace_writer.h"
#include "recorder/capture_loop.h"
#include "recorder/clock.h"
#include "recorder/command.h"
#include "recorder/output_file.h"
#include "recorder/privileges.h"
#include "recorder/scope.h"
#include "recorder/status_line.h"
#include "recorder/write_loop.h"

namespace rfan::recorder {

namespace {

using format::EndReason;

// Descriptors that are never given to events: our own, those that the kernel hands out while a shortage is
// noticed (one scratch read of 1,024 events), and some to spare. An event without a free descriptor would
// DENY its opener.
constexpr std::int64_t kReservedDescriptors = 2048;

constexpr std::uint64_t kStatusIntervalMs = 250;

void say(const std::string& text) {
  std::fputs(("rfanrec: " + text + "\n").c_str(), stderr);
}

std::string read_line(const char* path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// Everything a recording consists of, in the order of set-up. Members below others may use those above.
class Session {
 public:
  explicit Session(const Options& options) : options_(options), status_line_(live_, options.quiet) {}

  Status set_up();
  Status begin();
  Status start_command();
  void wait_for_end();
  int end();

 private:
  Status find_scope();
  Status open_process_channel();
  Status open_signals();
  Status create_trace();
  format::TraceMeta describe() const;
  void on_signal();
  std::uint64_t time_left_ms() const;
  void report(const Status& written) const;

  const Options& options_;
  LiveStatistics live_;
  StatusLine status_line_;
  Scope scope_;
  std::optional<Command> command_;
  UniqueFd output_;
  UniqueFd signals_;
  UniqueFd failure_event_;
  std::optional<FanotifyGroup> group_;
  std::unique_ptr<ArenaPool> arenas_;
  std::optional<ProcessLog> process_log_;
  bool side_band_ = false;
  std::unique_ptr<CaptureLoop> capture_;
  std::unique_ptr<WriteLoop> writer_;
  std::uint64_t begin_ns_ = 0;
  int interrupts_ = 0;
  EndReason reason_ = EndReason::kUnknown;
  int command_status_ = 0;
};

Status Session::find_scope() {
  const bool everything = options_.paths.empty() && !options_.command.empty();
  const auto paths = options_.paths.empty() ? std::vector<std::string>{"."} : options_.paths;
  auto scope = everything ? scope_of_everything() : scope_of_paths(paths);
  if (!scope) return scope.error();
  scope_ = std::move(*scope);
  return {};
}

Status Session::open_signals() {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) ::sigaddset(&set, number);
  // Before the first thread, so that all inherit it.
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  // A stopped recorder would hold every opener.
  for (const int number : {SIGTSTP, SIGTTIN, SIGTTOU}) ::signal(number, SIG_IGN);
  signals_.reset(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  failure_event_.reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  return signals_ && failure_event_ ? Status() : errno_error("cannot create event descriptors");
}

Status Session::open_process_channel() {
  auto log = ProcessLog::create();
  if (!log) return log.error();
  process_log_.emplace(std::move(*log));
  std::optional<ProcessEvents> events;
  if (auto opened = ProcessEvents::open()) {
    events.emplace(std::move(*opened));
  } else {
    say("note: " + opened.error().message() + "; processes are read from /proc instead, which is slower");
  }
  side_band_ = events.has_value();
  const auto clocks = sample_clocks();
  auto proc = ProcReader::open(static_cast<std::int64_t>(clocks.boottime_ns - clocks.monotonic_ns));
  if (!proc) return proc.error();
  auto tracker = ProcessTracker::create(*process_log_, std::move(*proc), side_band_);
  if (!tracker) return tracker.error();
  tracker->seed();
  const auto limit = raise_descriptor_limit();
  if (!limit) return limit.error();
  const auto budget = limit.value() - kReservedDescriptors;
  if (budget < 1024) {
    return Error{fmt::format("the limit of {} open files is too low", limit.value()),
                 {},
                 0,
                 fmt::format("raise it: ulimit -Hn {}", kReservedDescriptors + 16 * 1024)};
  }
  const CaptureLoop::Options capture{.cpu = options_.cpu, .descriptor_budget = budget};
  capture_ = std::make_unique<CaptureLoop>(capture, *group_, *arenas_, *process_log_, std::move(events),
                                           std::move(*tracker));
  return {};
}

// Nothing here holds an opener yet.
Status Session::set_up() {
  if (auto status = check_privileges(); !status) return status;
  if (auto status = find_scope(); !status) return status;
  auto output = open_output(options_.output);
  if (!output) return output.error();
  output_ = std::move(*output);
  if (!options_.command.empty()) {
    auto command = Command::spawn(options_.command);
    if (!command) return command.error();
    command_.emplace(std::move(*command));
  }
  // A core dump of a recorder that holds the filesystem of the core file would never end (measured on 6.18).
  ::prctl(PR_SET_DUMPABLE, 0);
  if (auto status = open_signals(); !status) return status;
  auto group = FanotifyGroup::create();
  if (!group) return group.error();
  group_.emplace(std::move(*group));
  if (options_.output != "-") {
    if (auto status = group_->ignore_file(output_.get()); !status) return status;
  }
  // Code and data of the threads stay in memory. Before the tables are made, which lock themselves: this call
  // would populate the sparse one. Best effort, as there.
  ::mlockall(MCL_CURRENT);
  auto arenas = ArenaPool::create();
  if (!arenas) return arenas.error();
  arenas_ = std::move(*arenas);
  return open_process_channel();
}

format::TraceMeta Session::describe() const {
  utsname system{};
  ::uname(&system);
  format::TraceMeta meta;
  meta.recorder_version = RFAN_VERSION;
  meta.hostname = system.nodename;
  meta.kernel = system.release;
  meta.machine = system.machine;
  meta.boot_id = read_line("/proc/sys/kernel/random/boot_id");
  meta.cpu_count = static_cast<std::uint32_t>(::sysconf(_SC_NPROCESSORS_ONLN));
  meta.recorder_args = options_.words;
  meta.command = options_.command;
  meta.hold = format::HoldMode::kOpen;
  for (const auto& [bit, kind] : mask_kinds()) meta.event_kinds |= 1U << static_cast<unsigned>(kind);
  meta.process_source = side_band_ ? "perf side band" : "/proc";
  meta.mounts = scope_.coverage;
  return meta;
}

Status Session::create_trace() {
  format::TraceWriterOptions writer_options;
  writer_options.session = format::random_uuid();
  writer_options.file = format::random_uuid();
  auto sink = format::make_fd_sink(output_.release(), options_.output);
  auto trace = format::TraceWriter::create(std::move(sink), writer_options, describe());
  if (!trace) return trace.error();
  auto resolver = PathResolver::open();
  if (!resolver) return resolver.error();
  const WriteLoop::Options loop{.root_pid = command_ ? static_cast<std::uint32_t>(command_->pid()) : 0};
  writer_ = std::make_unique<WriteLoop>(loop, *arenas_, *process_log_, std::move(*resolver),
                                        std::move(*trace), live_);
  return writer_->start(failure_event_.get());
}

// From the first mark on every open on the marked filesystems waits for the reader thread, our own included.
Status Session::begin() {
  if (auto status = capture_->start(); !status) return status;
  if (auto status = place_marks(*group_, scope_); !status) return status;
  if (auto status = create_trace(); !status) return status;
  begin_ns_ = monotonic_ns();
  if (!options_.quiet) {
    const auto names = fmt::format("{}", fmt::join(options_.paths, " "));
    const std::string what = !options_.command.empty() ? options_.command.front()
                             : names.empty()           ? "."
                                                       : names;
    say(fmt::format("recording {} to {} ({})", what, options_.output,
                    command_ ? "ends with the command" : "Ctrl-C ends"));
  }
  return {};
}

Status Session::start_command() {
  return command_ ? command_->release() : Status();
}

// The terminal sends Ctrl-C to the command as well as to us: then the command decides when to end, and a
// second one ends the recording. Signals sent to us alone are passed on.
void Session::on_signal() {
  signalfd_siginfo info{};
  if (::read(signals_.get(), &info, sizeof info) != static_cast<ssize_t>(sizeof info)) return;
  const auto number = static_cast<int>(info.ssi_signo);
  const bool from_terminal = info.ssi_code == SI_KERNEL;
  if (command_ && !from_terminal) command_->signal(number);
  ++interrupts_;
  if (command_ && number == SIGINT && interrupts_ == 1) return;
  reason_ = EndReason::kSignal;
  command_status_ = 128 + number;
}

std::uint64_t Session::time_left_ms() const {
  const auto elapsed_ms = (monotonic_ns() - begin_ns_) / 1'000'000;
  const auto wanted_ms = static_cast<std::uint64_t>(options_.duration->count());
  return wanted_ms > elapsed_ms ? wanted_ms - elapsed_ms : 0;
}

void Session::wait_for_end() {
  std::array<pollfd, 3> events{{{signals_.get(), POLLIN, 0},
                                {failure_event_.get(), POLLIN, 0},
                                {command_ ? command_->pidfd() : -1, POLLIN, 0}}};
  while (reason_ == EndReason::kUnknown) {
    std::uint64_t timeout_ms = status_line_.enabled() ? kStatusIntervalMs : UINT64_MAX;
    if (options_.duration) timeout_ms = std::min(timeout_ms, time_left_ms());
    ::poll(events.data(), events.size(), timeout_ms > INT32_MAX ? -1 : static_cast<int>(timeout_ms));
    status_line_.update(monotonic_ns());
    if (events[2].revents != 0) reason_ = EndReason::kCommandEnded;
    if (events[0].revents != 0) on_signal();
    if (events[1].revents != 0) reason_ = EndReason::kWriteError;
    if (reason_ == EndReason::kUnknown && options_.duration && time_left_ms() == 0)
      reason_ = EndReason::kDuration;
  }
  status_line_.clear();
}

int Session::end() {
  group_->remove_marks();
  capture_->stop();
  writer_->stop();
  if (command_) command_status_ = command_->exit_status().value_or(command_status_);
  format::TraceSummary summary;
  summary.end_reason = reason_;
  summary.command_status = command_ ? command_status_ : 0;
  summary.cost.reader_cpu_ns = capture_->cpu_ns();
  summary.cost.process_reads = capture_->process_reads();
  summary.cost.process_read_ns = capture_->process_read_ns();
  summary.cost.arenas = ArenaPool::kArenas;
  summary.cost.arenas_high_water = capture_->arenas_high_water();
  const auto written = writer_->finish(std::move(summary));
  report(written);
  if (!written) return 1;
  return command_ && reason_ != EndReason::kDuration ? command_status_ : 0;
}

void Session::report(const Status& written) const {
  if (!written) say(written.error().message() + "; the trace is readable up to there");
  if (options_.quiet) return;
  const auto& trace = writer_->trace();
  std::fputs(format_summary({.output = options_.output,
                             .totals = trace.totals(),
                             .lost = writer_->ledger().lost(),
                             .impaired = writer_->ledger().impaired(),
                             .bytes = trace.bytes_written(),
                             .processes = trace.process_count(),
                             .paths = trace.path_count(),
                             .duration_ns = monotonic_ns() - begin_ns_})
                 .c_str(),
             stderr);
}

}  // namespace

int run_session(const Options& options) {
  Session session(options);
  auto status = session.set_up();
  if (status.ok()) status = session.begin();
  if (!status) {
    say(status.error().message());
    return 1;
  }
  if (const auto started = session.start_command(); !started) {
    say(started.error().message());
    session.end();
    // What a shell returns for a command that it does not find, or cannot run.
    return started.error().errno_value == ENOENT ? 127 : 126;
  }
  session.wait_for_end();
  return session.end();
}

}  // namespace rfan::recorder
