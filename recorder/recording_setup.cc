// Set-up of a recording, up to the first event.
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <utility>

#include "format/trace/trace_writer.h"
#include "recorder/mounts/mounts.h"
#include "recorder/recording.h"
#include "recorder/system/clock.h"
#include "recorder/system/messages.h"
#include "recorder/system/privileges.h"
#include "recorder/trace_description.h"

namespace rfan::recorder {

namespace {

// Descriptors that are never used for events: our own, those that the kernel hands out before we notice a
// shortage (one scratch read of 1,024 events), and a reserve. Without a free descriptor the kernel would DENY
// the open of an event.
constexpr std::int64_t kReservedDescriptors = 2048;

// Returns whether to record every filesystem, including later mounts: with --all, and if a process is
// recorded without a path.
bool follows_mounts(const Options& options) {
  return options.all || (options.paths.empty() && (!options.command.empty() || options.pid != 0));
}

// pidfd_open(2) returns the same error for a thread as for a missing process.
Error cannot_watch(std::uint32_t pid) {
  auto error = errno_error(fmt::format("cannot record process {}", pid));
  std::ifstream status(fmt::format("/proc/{}/status", pid));
  std::uint32_t process = 0;
  for (std::string word; status >> word;) {
    if (word == "Tgid:" && status >> process) break;
  }
  if (process == 0 || process == pid) return error;
  return {fmt::format("{} is a thread of process {}", pid, process),
          {},
          0,
          fmt::format("give --pid {}", process)};
}

}  // namespace

Status Recording::find_scope() {
  if (follows_mounts(options_)) {
    mounts_known_ns_ = monotonic_ns();
    // Open the watch before reading the mounts, so that none in between is missed.
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

Status Recording::open_process_channel() {
  auto log = ProcessLog::create();
  if (!log) return log.error();
  process_log_.emplace(std::move(*log));
  std::optional<ProcessEvents> events;
  if (auto opened = ProcessEvents::open()) {
    events.emplace(std::move(*opened));
    process_source_ = "perf side band";
    add_connector(*events);
  } else {
    say("note: " + opened.error().message() + "; processes are read from /proc instead, which is slower");
    process_source_ = "/proc";
  }
  const auto clocks = sample_clocks();
  auto proc = ProcReader::open(static_cast<std::int64_t>(clocks.boottime_ns - clocks.monotonic_ns));
  if (!proc) return proc.error();
  note_pid_namespace();
  auto tracker = ProcessTracker::create(*process_log_, std::move(*proc), events.has_value());
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
  CaptureLoop::Options capture{.cpu = options_.cpu,
                               .gathers = options_.hold != format::HoldMode::kOpen,
                               .failure_event = &failure_event_,
                               .turns = {.descriptor_budget = descriptor_budget_}};
  if (!options_.deny.empty()) {
    auto names = PathResolver::open();
    if (!names) return names.error();
    capture.turns.denial.emplace(Responder::Denial{options_.deny, options_.filter, std::move(*names)});
  }
  const auto& groups = groups_->marked();
  capture_ = std::make_unique<CaptureLoop>(
      std::move(capture), CaptureLoop::Groups{groups.permissions, groups.notifications}, std::move(events),
      std::move(*tracker), CaptureLoop::Surroundings{*arenas_, *process_log_, *guardian_, live_});
  return {};
}

void Recording::add_connector(ProcessEvents& events) {
  if (auto connector = ProcessConnector::open()) {
    events.add(std::move(*connector));
    process_source_ += ", process connector";
  } else {
    say("note: " + connector.error().message() +
        "; that a process becomes another user is noticed up to 100 ms late");
  }
}

void Recording::note_pid_namespace() {
  if (in_initial_pid_namespace()) return;
  process_source_ += "; in a pid namespace: processes outside of it are unknown";
  // With a root process, they are not recorded anyway.
  if (root_pid() == 0)
    say("note: rfanrec runs in a pid namespace: what processes outside of it do is recorded without a "
        "process");
}

Status Recording::set_up() {
  if (auto status = check_privileges(); !status) return status;
  if (auto status = check_lent_privileges(!options_.deny.empty(), options_.max_stall); !status) return status;
  if (auto status = find_scope(); !status) return status;
  auto guardian = Guardian::start(options_.max_stall);
  if (!guardian) return guardian.error();
  guardian_.emplace(std::move(*guardian));
  if (options_.pid != 0) {
    watched_process_.reset(static_cast<int>(::syscall(SYS_pidfd_open, options_.pid, 0)));
    if (!watched_process_) return cannot_watch(options_.pid);
  }
  if (options_.cpu >= ::sysconf(_SC_NPROCESSORS_CONF)) {
    return Error{fmt::format("there is no CPU {}", options_.cpu), {}, 0, "leave --cpu out"};
  }
  // From here on no signal ends the start halfway and leaves a file.
  if (auto status = signals_.open(); !status) return status;
  auto clock_watch = ClockWatch::open();
  if (!clock_watch) return clock_watch.error();
  clock_watch_.emplace(std::move(*clock_watch));
  if (auto status = open_trace(); !status) return status;
  if (!options_.command.empty()) {
    auto command = Command::spawn(options_.command, inherited_signals_, options_.duration.has_value());
    if (!command) return command.error();
    command_.emplace(std::move(*command));
  }
  // If the opens of its own core dump waited for the recorder, the dump would never end (measured on 6.18).
  ::prctl(PR_SET_DUMPABLE, 0);
  auto failure_event = WakeEvent::create();
  if (!failure_event) return failure_event.error();
  failure_event_ = std::move(*failure_event);
  if (auto status = open_directories(); !status) return status;
  if (auto status = create_groups(); !status) return status;
  // Lock the code and data of the threads in memory. Do it before the tables are created: they lock
  // themselves, and this call would populate the sparse one. Best effort, as for the tables.
  ::mlockall(MCL_CURRENT);
  auto arenas = ArenaPool::create();
  if (!arenas) return arenas.error();
  arenas_ = std::move(*arenas);
  return open_process_channel();
}

Status Recording::open_trace() {
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

Status Recording::create_groups() {
  const bool some_lack_permission_events =
      std::any_of(scope_.targets.begin(), scope_.targets.end(),
                  [](const auto& target) { return !can_have_permission_events(target.fs_type); });
  auto groups = EventGroups::create(
      plan_, {.queue = options_.kernel_queue, .deny_with_errno = options_.deny.error() != EPERM},
      some_lack_permission_events);
  if (!groups) return groups.error();
  groups_.emplace(std::move(*groups));
  // The files of a series come and go; their events are recognised by our process instead.
  if (rotated_files_) groups_->hold_nothing_below(rotated_files_->directory());
  return options_.output == "-" || !output_ ? Status() : groups_->ignore_file(output_->fd());
}

// Runs before the first mark, because the table opens every mount point.
Status Recording::open_directories() {
  auto directories = DirectoryTable::create();
  if (!directories) return directories.error();
  directories_.emplace(std::move(*directories));
  for (const auto& target : scope_.targets) {
    const auto status = directories_->add_filesystem(target.mount_point);
    // Notification events then have no path, which is counted.
    if (!status && !options_.paths.empty()) say("note: " + status.error().message());
  }
  return {};
}

Result<std::unique_ptr<TraceSeries>> Recording::begin_series() {
  format::TraceWriterOptions writer_options;
  writer_options.session = format::random_uuid();
  writer_options.file = format::random_uuid();
  writer_options.time_unit_ns = options_.time_resolution_ns;
  writer_options.sync = options_.sync;
  auto meta = describe_recording(options_, scope_, process_source_);
  if (rotated_files_)
    return TraceSeries::create(std::move(rotated_files_), options_.rotation, writer_options, std::move(meta));
  auto sink = format::make_fd_sink(output_->take_fd(), options_.output);
  auto trace = format::TraceWriter::create(std::move(sink), writer_options, meta);
  if (!trace) return trace.error();
  return std::make_unique<TraceSeries>(std::move(*trace));
}

Status Recording::create_trace() {
  auto series = begin_series();
  if (!series) return series.error();
  auto resolver = PathResolver::open();
  if (!resolver) return resolver.error();
  auto mounts = OwnMounts::open();
  if (!mounts) return mounts.error();
  const WriteLoop::Options loop{
      .flush_interval_ms = static_cast<std::uint32_t>(options_.flush_interval.count()),
      .max_waiting_descriptors = descriptor_budget_ / 2,
      .events = {.recorded_mask = plan_.recorded, .filter = options_.filter, .root_pid = root_pid()}};
  writer_ = std::make_unique<WriteLoop>(
      loop, *arenas_, *process_log_,
      WriteLoop::Names{std::move(*resolver), std::move(*mounts), std::move(*directories_)},
      std::move(*series), live_);
  writer_->start(failure_event_);
  return {};
}

Status Recording::begin() {
  if (auto status = capture_->start(); !status) return status;
  if (auto status = place_marks(groups_->marked(), scope_); !status) return status;
  if (auto status = create_trace(); !status) return status;
  if (!command_) {
    if (auto status = settle(); !status) return status;
  }
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

std::uint32_t Recording::root_pid() const {
  return command_ ? static_cast<std::uint32_t>(command_->pid()) : options_.pid;
}

}  // namespace rfan::recorder
