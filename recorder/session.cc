#include "recorder/session.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>
#include <optional>

#include "format/trace_writer.h"
#include "recorder/capture_loop.h"
#include "recorder/clock.h"
#include "recorder/command.h"
#include "recorder/event_groups.h"
#include "recorder/guardian.h"
#include "recorder/messages.h"
#include "recorder/mount_watch.h"
#include "recorder/mounts.h"
#include "recorder/output_file.h"
#include "recorder/privileges.h"
#include "recorder/scope.h"
#include "recorder/status_line.h"
#include "recorder/trace_description.h"
#include "recorder/user_signals.h"
#include "recorder/write_loop.h"

namespace rfan::recorder {

namespace {

using format::EndReason;

// Descriptors that are never given to events: our own, those that the kernel hands out while a shortage is
// noticed (one scratch read of 1,024 events), and some to spare. An event without a free descriptor would
// DENY its opener.
constexpr std::int64_t kReservedDescriptors = 2048;

constexpr std::uint64_t kStatusIntervalMs = 250;
// How soon the end of the last process that a command left behind is noticed.
constexpr std::uint64_t kDescendantsIntervalMs = 100;

// Every filesystem, those mounted later too: with --all, and where a process is followed and no path was
// given.
bool follows_mounts(const Options& options) {
  return options.all || (options.paths.empty() && (!options.command.empty() || options.pid != 0));
}

// Everything a recording consists of, in the order of set-up. Members below others may use those above.
class Session {
 public:
  explicit Session(const Options& options)
      : options_(options),
        status_line_(live_, options.quiet),
        plan_(plan_events(options.hold, options.event_kinds)) {}
  ~Session() { release_openers(); }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  Status set_up();
  Status begin();
  Status start_command();
  void wait_for_end();
  int end();

 private:
  Status find_scope();
  Status create_groups();
  Status open_directories();
  Status open_process_channel();
  Status open_trace();
  Status create_trace();
  Result<std::unique_ptr<TraceSeries>> begin_series();
  void release_openers();
  void on_signal();
  void begin_next_file();
  bool command_is_over();
  void mark_new_filesystems();
  std::uint32_t root_pid() const;  // of the recorded process tree; 0: every process
  std::uint64_t time_left_ms() const;
  void report(const Status& written) const;

  const Options& options_;
  LiveStatistics live_;
  StatusLine status_line_;
  Scope scope_;
  std::optional<MountWatch> mount_watch_;
  std::optional<Command> command_;
  UniqueFd watched_process_;                     // of --pid
  std::optional<OutputFile> output_;             // of a trace that is not rotated
  std::unique_ptr<RotatedFiles> rotated_files_;  // of one that is
  UserSignals signals_;
  UniqueFd failure_event_;
  const EventPlan plan_;
  std::optional<EventGroups> groups_;
  std::optional<DirectoryTable> directories_;
  std::unique_ptr<ArenaPool> arenas_;
  std::optional<ProcessLog> process_log_;
  bool side_band_ = false;
  std::int64_t descriptor_budget_ = 0;  // event descriptors that may be open at a time
  std::optional<Guardian> guardian_;
  std::unique_ptr<CaptureLoop> capture_;
  std::unique_ptr<WriteLoop> writer_;
  std::uint64_t begin_ns_ = 0;
  int interrupts_ = 0;
  EndReason reason_ = EndReason::kUnknown;
  int command_status_ = 0;
  bool command_ended_ = false;  // ... but what it left behind is still recorded
  format::RecorderCost cost_;   // known at the end
};

Status Session::find_scope() {
  if (follows_mounts(options_)) {
    // Before the mounts are read, so that none is missed in between.
    auto watch = MountWatch::open();
    if (!watch) return watch.error();
    mount_watch_.emplace(std::move(*watch));
  }
  const auto paths = options_.paths.empty() ? std::vector<std::string>{"."} : options_.paths;
  auto scope = mount_watch_ ? Result<Scope>(scope_of(mount_watch_->all_mounts())) : scope_of_paths(paths);
  if (!scope) return scope.error();
  scope_ = std::move(*scope);
  return {};
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
  if (!options_.deny.empty()) tracker->watch_scope(root_pid(), options_.filter);
  tracker->seed();
  const auto limit = raise_descriptor_limit();
  if (!limit) return limit.error();
  descriptor_budget_ = limit.value() - kReservedDescriptors;
  if (descriptor_budget_ < 1024) {
    return Error{fmt::format("the limit of {} open files is too low", limit.value()),
                 {},
                 0,
                 fmt::format("raise it: ulimit -Hn {}", kReservedDescriptors + 16 * 1024)};
  }
  CaptureLoop::Options capture{.cpu = options_.cpu, .descriptor_budget = descriptor_budget_};
  capture.gathers_told = options_.hold != format::HoldMode::kOpen;
  capture.failure_event = failure_event_.get();
  if (!options_.deny.empty()) {
    auto names = PathResolver::open();
    if (!names) return names.error();
    capture.denial.emplace(CaptureLoop::Denial{options_.deny, options_.filter, std::move(*names)});
  }
  capture_ = std::make_unique<CaptureLoop>(std::move(capture), groups_->marked().held, groups_->marked().told,
                                           *arenas_, *process_log_, std::move(events), std::move(*tracker),
                                           *guardian_, live_);
  return {};
}

// Nothing here holds an opener yet.
Status Session::set_up() {
  if (auto status = check_privileges(); !status) return status;
  if (auto status = find_scope(); !status) return status;
  auto guardian = Guardian::start(options_.max_stall);
  if (!guardian) return guardian.error();
  guardian_.emplace(std::move(*guardian));
  if (options_.pid != 0) {
    watched_process_.reset(static_cast<int>(::syscall(SYS_pidfd_open, options_.pid, 0)));
    if (!watched_process_) return errno_error(fmt::format("cannot record process {}", options_.pid));
  }
  if (options_.cpu >= ::sysconf(_SC_NPROCESSORS_CONF)) {
    return Error{fmt::format("there is no CPU {}", options_.cpu), {}, 0, "leave --cpu out"};
  }
  if (auto status = open_trace(); !status) return status;
  if (!options_.command.empty()) {
    auto command = Command::spawn(options_.command, options_.duration.has_value());
    if (!command) return command.error();
    command_.emplace(std::move(*command));
  }
  // A core dump of a recorder that holds the filesystem of the core file would never end (measured on 6.18).
  ::prctl(PR_SET_DUMPABLE, 0);
  if (auto status = signals_.open(); !status) return status;
  failure_event_.reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!failure_event_) return errno_error("cannot create an eventfd");
  if (auto status = open_directories(); !status) return status;
  if (auto status = create_groups(); !status) return status;
  // Code and data of the threads stay in memory. Before the tables are made, which lock themselves: this call
  // would populate the sparse one. Best effort, as there.
  ::mlockall(MCL_CURRENT);
  auto arenas = ArenaPool::create();
  if (!arenas) return arenas.error();
  arenas_ = std::move(*arenas);
  return open_process_channel();
}

Status Session::open_trace() {
  if (options_.rotation.rotates()) {
    auto files = RotatedFiles::create(options_.output, options_.rotation);
    if (!files) return files.error();
    rotated_files_ = std::move(*files);
    return {};
  }
  auto output = OutputFile::open(options_.output);
  if (!output) return output.error();
  output_.emplace(std::move(*output));
  return {};
}

Status Session::create_groups() {
  const bool some_cannot_be_held = std::any_of(scope_.targets.begin(), scope_.targets.end(),
                                               [](const auto& target) { return !can_hold(target.fs_type); });
  auto groups = EventGroups::create(
      plan_, {.queue = options_.kernel_queue, .deny_with_errno = options_.deny.error() != EPERM},
      some_cannot_be_held);
  if (!groups) return groups.error();
  groups_.emplace(std::move(*groups));
  // The files of a series come and go: there the process says that an event is our own.
  if (rotated_files_) groups_->hold_nothing_below(rotated_files_->directory());
  return options_.output == "-" || !output_ ? Status() : groups_->ignore_file(output_->fd());
}

// Before the first mark: the table opens every mount point.
Status Session::open_directories() {
  auto directories = DirectoryTable::create();
  if (!directories) return directories.error();
  directories_.emplace(std::move(*directories));
  for (const auto& target : scope_.targets) {
    const auto status = directories_->add_filesystem(target.mount_point);
    // Events told by name then have no path, which is counted.
    if (!status && !options_.paths.empty()) say("note: " + status.error().message());
  }
  return {};
}

Result<std::unique_ptr<TraceSeries>> Session::begin_series() {
  format::TraceWriterOptions writer_options;
  writer_options.session = format::random_uuid();
  writer_options.file = format::random_uuid();
  writer_options.time_unit_ns = options_.time_resolution_ns;
  writer_options.sync = options_.sync;
  auto meta = describe_recording(options_, scope_, side_band_);
  if (rotated_files_)
    return TraceSeries::create(std::move(rotated_files_), options_.rotation, writer_options, std::move(meta));
  auto sink = format::make_fd_sink(output_->take_fd().release(), options_.output);
  auto trace = format::TraceWriter::create(std::move(sink), writer_options, meta);
  if (!trace) return trace.error();
  if (auto status = output_->take_place(); !status) return status.error();
  return std::make_unique<TraceSeries>(std::move(*trace));
}

Status Session::create_trace() {
  auto series = begin_series();
  if (!series) return series.error();
  auto resolver = PathResolver::open();
  if (!resolver) return resolver.error();
  auto mounts = OwnMounts::open();
  if (!mounts) return mounts.error();
  const WriteLoop::Options loop{
      .flush_interval_ms = static_cast<std::uint32_t>(options_.flush_interval.count()),
      .recorded_mask = plan_.recorded,
      .filter = options_.filter,
      .root_pid = root_pid(),
      .max_waiting_descriptors = descriptor_budget_ / 2};
  writer_ =
      std::make_unique<WriteLoop>(loop, *arenas_, *process_log_, std::move(*resolver), std::move(*mounts),
                                  std::move(*directories_), std::move(*series), live_);
  writer_->start(failure_event_.get());
  return {};
}

// From the first mark on every open on the marked filesystems waits for the reader thread, our own included.
Status Session::begin() {
  if (auto status = capture_->start(); !status) return status;
  if (auto status = place_marks(groups_->marked(), scope_); !status) return status;
  if (auto status = create_trace(); !status) return status;
  begin_ns_ = monotonic_ns();
  if (!options_.quiet) {
    const auto names = fmt::format("{}", fmt::join(options_.paths, " "));
    const std::string what = options_.pid != 0           ? fmt::format("process {}", options_.pid)
                             : options_.all              ? "all filesystems"
                             : !options_.command.empty() ? options_.command.front()
                             : names.empty()             ? "."
                                                         : names;
    say_unless_blocked(fmt::format("recording {} to {} ({})", what, options_.output,
                                   command_ ? "ends with the command" : "Ctrl-C ends"));
  }
  return {};
}

Status Session::start_command() {
  return command_ ? command_->release() : Status();
}

void Session::begin_next_file() {
  if (options_.rotation.rotates()) return writer_->request_rotation();
  say_unless_blocked("note: SIGUSR2 begins the next file only with --rotate-size or --rotate-time");
}

// The terminal sends Ctrl-C to the command as well as to us: then the command decides when to end, and a
// second one ends the recording. Signals sent to us alone are passed on.
void Session::on_signal() {
  const auto request = signals_.take();
  if (!request) return;
  if (request->number == UserSignals::kRotation) return begin_next_file();
  if (command_ && !request->from_terminal) command_->signal(request->number);
  ++interrupts_;
  if (command_ && !command_ended_ && request->number == SIGINT && interrupts_ == 1) return;
  reason_ = EndReason::kSignal;
  command_status_ = 128 + request->number;
}

std::uint32_t Session::root_pid() const {
  return command_ ? static_cast<std::uint32_t>(command_->pid()) : options_.pid;
}

std::uint64_t Session::time_left_ms() const {
  const auto elapsed_ms = (monotonic_ns() - begin_ns_) / 1'000'000;
  const auto wanted_ms = static_cast<std::uint64_t>(options_.duration->count());
  return wanted_ms > elapsed_ms ? wanted_ms - elapsed_ms : 0;
}

void Session::mark_new_filesystems() {
  const auto look = mount_watch_->look();
  if (!look) return say_unless_blocked("note: " + look.error().message());
  for (const auto& mount : look.value()) writer_->add_filesystem(mount.path);
  auto added = look.value().begin();
  // Marking again what is marked changes nothing, and a filesystem that was mounted anew has lost its mark.
  for (const auto& mount : mount_watch_->all_mounts()) {
    auto coverage = place_mark(groups_->marked(), mount);
    // In the same order.
    if (added == look.value().end() || added->id != mount.id) continue;
    coverage.since_ns = monotonic_ns();
    writer_->add_mount(coverage);
    ++added;
  }
}

// Without a duration the recording ends with the command, whatever it left behind: a daemon would keep it
// going for ever. With one, the time is bounded, and what was left behind belongs to the command.
bool Session::command_is_over() {
  if (!command_ || !options_.duration) return true;
  command_status_ = command_->exit_status().value_or(0);
  command_ended_ = true;
  return !command_->has_left_descendants();
}

void Session::wait_for_end() {
  std::array<pollfd, 5> events{{{signals_.fd(), POLLIN, 0},
                                {failure_event_.get(), POLLIN, 0},
                                {command_ ? command_->pidfd() : watched_process_.get(), POLLIN, 0},
                                {mount_watch_ ? mount_watch_->fd() : -1, MountWatch::kPollEvents, 0},
                                {guardian_->pidfd(), POLLIN, 0}}};
  while (reason_ == EndReason::kUnknown) {
    std::uint64_t timeout_ms = status_line_.enabled() ? kStatusIntervalMs : UINT64_MAX;
    if (options_.duration) timeout_ms = std::min(timeout_ms, time_left_ms());
    if (command_ended_) timeout_ms = std::min(timeout_ms, kDescendantsIntervalMs);
    ::poll(events.data(), events.size(), static_cast<int>(std::min<std::uint64_t>(timeout_ms, INT32_MAX)));
    status_line_.update(monotonic_ns(), arenas_->queued_events());
    if (events[2].revents != 0 || command_ended_) {
      events[2].fd = -1;
      if (command_is_over()) reason_ = EndReason::kCommandEnded;
    }
    if (events[3].revents != 0) mark_new_filesystems();
    if (events[0].revents != 0) on_signal();
    if (events[1].revents != 0)
      reason_ = capture_->gave_up() ? EndReason::kRecorderFailure : EndReason::kWriteError;
    if (events[4].revents != 0) reason_ = EndReason::kRecorderFailure;
    if (reason_ == EndReason::kUnknown && options_.duration && time_left_ms() == 0)
      reason_ = EndReason::kDuration;
  }
  status_line_.clear();
}

// Ends the holding of opens for good: no marks, queues answered, groups closed.
void Session::release_openers() {
  if (groups_) groups_->remove_marks();
  if (capture_) capture_->stop();
  if (groups_) groups_->close();
}

int Session::end() {
  release_openers();
  signals_.end_at_second_request();
  writer_->stop();
  if (command_) command_status_ = command_->exit_status().value_or(command_status_);
  format::TraceSummary summary;
  summary.end_reason = reason_;
  summary.command_status = command_ ? command_status_ : 0;
  const auto reader = capture_->cpu_time();
  summary.cost.reader_user_ns = reader.user_ns;
  summary.cost.reader_system_ns = reader.system_ns;
  const auto others_ns = reader.total_ns() + writer_->cpu_time().total_ns();
  summary.cost.main_cpu_ns = process_cpu_time().total_ns() - others_ns;
  summary.cost.queue_high_water = arenas_->queue_high_water();
  summary.cost.process_reads = capture_->process_reads();
  summary.cost.process_read_ns = capture_->process_read_ns();
  summary.cost.arenas = ArenaPool::kArenas;
  summary.cost.arenas_high_water = capture_->arenas_high_water();
  writer_->account_for(capture_->unpublished());
  cost_ = summary.cost;
  cost_.writer_user_ns = writer_->cpu_time().user_ns;
  cost_.writer_system_ns = writer_->cpu_time().system_ns;
  const auto written = writer_->finish(std::move(summary));
  report(written);
  if (!written || reason_ == EndReason::kRecorderFailure) return 1;
  const bool outlived = reason_ == EndReason::kDuration && !command_ended_;
  return command_ && !outlived ? command_status_ : 0;
}

void Session::report(const Status& written) const {
  if (!written) say(written.error().message() + "; the trace is readable up to there");
  if (reason_ == EndReason::kRecorderFailure) {
    say(capture_->gave_up()
            ? "ended: the kernel sent events of an unknown form, which cannot be answered"
            : "ended: the guardian process was killed, and without it a fault could hang other programs");
  }
  if (options_.quiet) return;
  const auto written_files = writer_->series().figures();
  const auto& trace = writer_->series().current();
  std::fputs(format_summary({.output = written_files.path.empty() ? options_.output : written_files.path,
                             .files = written_files.files,
                             .dropped_files = written_files.dropped_files,
                             .totals = written_files.totals,
                             .lost = writer_->ledger().lost(),
                             .impaired = writer_->ledger().impaired(),
                             .denied = writer_->events_denied(),
                             .bytes = written_files.bytes,
                             .processes = trace.process_count(),
                             .paths = trace.path_count(),
                             .duration_ns = monotonic_ns() - begin_ns_,
                             .cost = cost_})
                 .c_str(),
             stderr);
}

Status find_command(const Options& options) {
  return options.command.empty() ? Status() : find_program(options.command.front());
}

// What a shell returns for a command that it does not find, or cannot run.
int status_of_shell(const Error& error) {
  return error.errno_value == ENOENT ? 127 : 126;
}

}  // namespace

int run_session(const Options& options) {
  Session session(options);
  auto status = find_command(options);
  const bool command_is_wrong = !status.ok();
  if (status.ok()) status = session.set_up();
  if (status.ok()) status = session.begin();
  if (!status) {
    say(status.error().message());
    return command_is_wrong ? status_of_shell(status.error()) : 1;
  }
  if (const auto started = session.start_command(); !started) {
    say(started.error().message());
    session.end();
    return status_of_shell(started.error());
  }
  session.wait_for_end();
  return session.end();
}

}  // namespace rfan::recorder
