#include "recorder/threads/write_loop.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <pthread.h>
#include <sched.h>
#include <sys/fanotify.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "recorder/kernel/file_handles.h"
#include "recorder/system/clock.h"
#include "recorder/system/thread_priority.h"

namespace rfan::recorder {

using format::Event;
using format::EventKind;
using format::LossCause;

WriteLoop::WriteLoop(const Options& options, ArenaPool& arenas, ProcessLog& log, PathResolver resolver,
                     OwnMounts mounts, DirectoryTable directories, std::unique_ptr<TraceSeries> series,
                     LiveStatistics& live)
    : options_(options),
      arenas_(arenas),
      log_(log),
      names_(std::move(resolver), std::move(mounts), std::move(directories)),
      series_(std::move(series)),
      live_(live),
      processes_(options.root_pid) {}

WriteLoop::~WriteLoop() {
  stop();
}

void WriteLoop::start(const WakeEvent& failure_event) {
  failure_event_ = &failure_event;
  thread_ = std::thread([this] { run(); });
}

void WriteLoop::stop() {
  if (!thread_.joinable()) return;
  stopping_.store(true, std::memory_order_release);
  arenas_.wake();
  thread_.join();
}

void WriteLoop::run() {
  ::pthread_setname_np(::pthread_self(), "rfan-writer");
  // The directory table needs a working directory of its own. Fails only for lack of memory.
  ::unshare(CLONE_FS);
  set_writer_priority(WriterPriority::kOrdinary);
  for (;;) {
    // Read before the queue is looked at: all arenas were published before stop() was called.
    const bool last_round = stopping_.load(std::memory_order_acquire);
    const auto now_ns = monotonic_ns();
    if (Arena* arena = arenas_.take_filled(last_round ? 0 : wait_ms(now_ns))) {
      write_arena(*arena);
      arenas_.give_back(arena);
    } else if (last_round) {
      write_pending_due(UINT64_MAX);
      break;
    } else {
      take_inbox();
      write_pending_due(now_ns);
    }
    const auto done_ns = monotonic_ns();
    // Here and not when a flush is through: between two events no id of the old file is in use.
    if (failure_.ok() && series_->due(done_ns)) rotate();
    if (flush_due_ns_ == 0 && has_pending()) {
      flush_due_ns_ = done_ns + std::uint64_t{options_.flush_interval_ms} * 1'000'000;
    } else if (flush_due_ns_ != 0 && done_ns >= flush_due_ns_) {
      flush();
    }
  }
  cpu_time_ = thread_cpu_time();
}

int WriteLoop::wait_ms(std::uint64_t now_ns) const {
  auto due_ns = flush_due_ns_ == 0 ? UINT64_MAX : flush_due_ns_;
  due_ns = std::min(due_ns, pending_due_ns());
  if (failure_.ok()) due_ns = std::min(due_ns, series_->due_at_ns().value_or(UINT64_MAX));
  if (due_ns == UINT64_MAX) return -1;
  return due_ns <= now_ns ? 0 : static_cast<int>((due_ns - now_ns) / 1'000'000 + 1);
}

void WriteLoop::write_arena(Arena& arena) {
  apply_process_facts(arena.process_log_end);
  take_inbox();
  names_.begin_arena(arena);
  execs_.begin_arena(arena, position_);
  account_for(arena.missing);
  const auto now_ns = monotonic_ns();
  if (arena.process_facts_lost != 0)
    ledger_.add({LossCause::kProcessChannel, arena.process_facts_lost, now_ns, now_ns});
  for (const auto& batch : std::span(arena.batches).first(arena.batch_count)) {
    keep_up();
    look_up(arena, batch);
  }
  looked_up_.end_position = position_;
  looked_up_.looked_up_ns = monotonic_ns();
  looked_up_.settle_by_ns = looked_up_.looked_up_ns + kMaxSettleNs;
  pending_.push_back(std::move(looked_up_));
  looked_up_ = {};
  if (!spare_.empty()) {
    looked_up_ = std::move(spare_.back());
    spare_.pop_back();
  }
  notified_until_ns_ = arena.notified_until_ns;
  write_ready();
  // By the time of the events, not of the clock: a writer that is behind still needs who has exited since.
  if (arena.batch_count != 0) processes_.expire(arena.batches[arena.batch_count - 1].read_ns);
  publish_statistics();
}

void WriteLoop::account_for(const Arena::Missing& missing) {
  const auto now_ns = monotonic_ns();
  seen_ += missing.dropped;
  dropped_ += missing.dropped;
  if (missing.dropped != 0)
    ledger_.add({LossCause::kNoArena, missing.dropped, missing.dropped_first_ns, missing.dropped_last_ns});
  if (missing.stalls != 0)
    ledger_.add({LossCause::kStall, missing.stalls, missing.stalled_since_ns, missing.stalled_until_ns});
  if (missing.failed_reads != 0)
    ledger_.add({LossCause::kDescriptorFailed, missing.failed_reads, now_ns, now_ns});
  if (missing.unwatched_cpus != 0) ledger_.add({LossCause::kProcessChannel, std::nullopt, now_ns, now_ns});
  if (missing.unreadable_reads != 0) ledger_.add({LossCause::kUnreadable, std::nullopt, now_ns, now_ns});
}

// Urgent from when the next arena waits until none does.
void WriteLoop::keep_up() {
  const bool behind = !arenas_.writer_is_abreast();
  if (behind == urgent_) return;
  urgent_ = behind;
  set_writer_priority(behind ? WriterPriority::kUrgent : WriterPriority::kOrdinary);
}

void WriteLoop::look_up(const Arena& arena, const Arena::Batch& batch) {
  KernelEventWalker walker(arena.bytes_of(batch));
  ArenaEvent event{.read_ns = batch.read_ns, .answered_ns = batch.answered_ns};
  for (std::size_t index = batch.first_image; walker.next(event.kernel); ++index) {
    auto& kernel = event.kernel;
    if (kernel.fd >= 0) looked_up_.descriptors.push_back(kernel.fd);
    event.image = arena.images[index];
    event.denied = arena.denied[index];
    event.position = ++position_;
    find_image(event, batch);
    if (kernel.is_overflow()) {
      note_overflow(batch.read_ns);
    } else if (batch.source == Arena::Source::kNotificationGroup) {
      if (const auto named = names_.of_event(kernel, walker, arena, batch))
        look_up_names(event, batch, *named);
    } else {
      look_up_descriptor(event);
    }
  }
}

void WriteLoop::look_up_descriptor(ArenaEvent& event) {
  const bool admitted = admits(event);
  if (!admitted && !event.kernel.is_exec()) return;
  const auto paths = names_.of_descriptor(event.kernel);
  if (paths.is_directory) event.kernel.mask |= FAN_ONDIR;
  if (event.kernel.is_exec()) name_exec(event, paths.path);
  if (admitted) looked_up_.add(event, paths);
}

// Whoever records it: the program may do more than its exec.
void WriteLoop::name_exec(const ArenaEvent& event, std::string_view path) {
  execs_.name_exec(event.kernel.pid, event.position, path);
  name_executables();
}

void WriteLoop::name_executables() {
  execs_.take_executables(
      [this](ImageSerial image, std::string_view path) { processes_.name_executable(image, path); });
}

// Who waits for a response is known. Of others the reader knows who it was when it had read them.
void WriteLoop::find_image(ArenaEvent& event, const Arena::Batch& batch) const {
  event.uncertain = false;
  if (event.kernel.is_held() || event.image == Arena::kOwnEvent) return;
  const auto found = execs_.image_of(event.kernel.pid, event.image, batch, event.position);
  event.image = found.image;
  event.uncertain = !found.certain;
}

void WriteLoop::look_up_names(const ArenaEvent& event, const Arena::Batch& batch, const NamedEvent& named) {
  // From a filesystem that is not recorded (place_marks()): it has told ExecOrder what it had to.
  if (event.kernel.is_exec() && !names_.directories().knows_filesystem(named.directory)) return;
  const bool admitted = admits(event);
  if (admitted || event.kernel.is_exec()) {
    const auto paths = names_.of_names(named);
    if (event.kernel.is_exec()) name_exec(event, paths.path);
    if (admitted) looked_up_.add(event, paths);
  }
  const bool looked_up_files = !pending_.empty() || !looked_up_.descriptors.empty();
  names_.follow(event.kernel.mask, named, {event.position, batch.since_ns, batch.until_ns}, looked_up_files);
}

// Without a descriptor there is no path that moves could change.
bool WriteLoop::is_ready(const PendingEvents& events) const {
  return events.descriptors.empty() || events.looked_up_ns <= notified_until_ns_ || has_too_many_open();
}

bool WriteLoop::has_too_many_open() const {
  return arenas_.open_descriptors.load(std::memory_order_acquire) > options_.max_waiting_descriptors;
}

std::uint64_t WriteLoop::pending_due_ns() const {
  return pending_.empty() ? UINT64_MAX : pending_.front().looked_up_ns + kMaxWaitNs;
}

void WriteLoop::write_ready() {
  while (!pending_.empty() && is_ready(pending_.front()) && write_oldest()) {
  }
}

void WriteLoop::write_pending_due(std::uint64_t now_ns) {
  while (!pending_.empty() && pending_due_ns() <= now_ns && write_oldest()) {
  }
}

// False when a move of a file is still to come: then it waits for that.
bool WriteLoop::write_oldest() {
  auto& events = pending_.front();
  const bool waits = !stopping_.load(std::memory_order_acquire) && !has_too_many_open() &&
                     monotonic_ns() < events.settle_by_ns;
  const bool done = events.take_while([&](const ArenaEvent& event, const EventPaths& paths) {
    const auto then = names_.then(event.kernel.fd, event.position, paths);
    if (!then && waits) return false;
    write_event(event, then.value_or(paths));
    return true;
  });
  if (!done) {
    events.looked_up_ns = monotonic_ns();
    return false;
  }
  close_descriptors(events.descriptors);
  names_.moves().forget_before(events.end_position, notified_until_ns_);
  events.clear();
  spare_.push_back(std::move(events));
  pending_.pop_front();
  return true;
}

void WriteLoop::note_overflow(std::uint64_t time_ns) {
  ledger_.add({LossCause::kQueueOverflow, std::nullopt, time_ns, time_ns});
  names_.directories().forget_all();
}

std::uint64_t WriteLoop::recorded_kinds(const ArenaEvent& event) const {
  return event.kernel.mask & options_.recorded_mask;
}

// Counts the event as seen, and says whether it is to be written.
bool WriteLoop::admits(const ArenaEvent& event) {
  const auto events = static_cast<std::uint64_t>(count_kinds(recorded_kinds(event)));
  if (events == 0 || event.image == Arena::kOwnEvent) return false;
  seen_ += events;
  auto scope = processes_.scope_of(event.image);
  // Processes outside of our pid namespace have no number in it, and none of those recorded descends from one
  // inside.
  if (options_.root_pid != 0 && event.kernel.pid == 0) scope = ProcessTable::Scope::kOutside;
  if (scope == ProcessTable::Scope::kInside) {
    // The ledger has it also if the filter leaves it out: it may have been the other program's.
    if (event.uncertain) ledger_.add({LossCause::kUncertainProcess, events, event.read_ns, event.read_ns});
    scope = processes_.accepts(event.image, options_.filter);
  }
  if (const auto doubt = processes_.take_doubt())
    ledger_.add({LossCause::kUnknownScope, std::nullopt, doubt->first_ns, doubt->last_ns});
  if (scope == ProcessTable::Scope::kOutside) filtered_ += events;
  if (scope == ProcessTable::Scope::kUnknown)
    ledger_.add({LossCause::kUnknownScope, events, event.read_ns, event.read_ns});
  return scope == ProcessTable::Scope::kInside;
}

void WriteLoop::write_event(const ArenaEvent& taken, const EventPaths& paths) {
  const auto& kernel = taken.kernel;
  if (!failure_.ok()) {
    ledger_.add({LossCause::kWriteError, count_kinds(recorded_kinds(taken)), taken.read_ns, taken.read_ns});
    return;
  }
  if (options_.filter.asks_about_paths() && !options_.filter.accepts_path(paths.path, paths.path2)) {
    filtered_ += count_kinds(recorded_kinds(taken));
    return;
  }
  Event event;
  event.time_ns = taken.read_ns;
  event.process = processes_.trace_id(taken.image, trace());
  if (!paths.path.empty()) event.path = trace().intern_path(paths.path);
  if (!paths.path2.empty()) event.path2 = trace().intern_path(paths.path2);
  if (event.path == 0) ledger_.add({paths.why_unknown, 1, event.time_ns, event.time_ns});
  if (paths.deleted) event.flags |= format::kFlagDeleted;
  if (taken.uncertain) event.flags |= format::kFlagUncertainProcess;
  if (kernel.is_directory()) event.flags |= format::kFlagDirectory;
  if (kernel.is_held()) {
    event.flags |= format::kFlagHeld;
    if (kernel.fd >= 0) {
      event.reply_ns =
          static_cast<std::uint32_t>(std::min<std::uint64_t>(taken.answered_ns - taken.read_ns, UINT32_MAX));
    }
    if (taken.denied) event.flags |= format::kFlagDenied;
    // Without a descriptor: by the kernel, which could not ask us.
    if (kernel.fd < 0) event.flags |= format::kFlagDenied | format::kFlagDeniedByKernel;
  }
  if (taken.denied) ++denied_;
  for_each_kind(recorded_kinds(taken), [&](EventKind kind) {
    event.kind = kind;
    trace().add_event(event);
    if (trace().block_full()) flush();
  });
}

void WriteLoop::add_filesystem(const std::string& mount_point) {
  const std::lock_guard lock(inbox_mutex_);
  new_filesystems_.push_back(mount_point);
}

void WriteLoop::add_mount(const format::MountCoverage& mount) {
  const std::lock_guard lock(inbox_mutex_);
  new_mounts_.push_back(mount);
}

void WriteLoop::add_clock(const format::ClockSample& clock) {
  const std::lock_guard lock(inbox_mutex_);
  new_clocks_.push_back(clock);
}

void WriteLoop::add_loss(const format::Loss& loss) {
  {
    const std::lock_guard lock(inbox_mutex_);
    new_losses_.push_back(loss);
  }
  arenas_.wake();
}

void WriteLoop::take_inbox() {
  const std::lock_guard lock(inbox_mutex_);
  for (const auto& mount_point : new_filesystems_) {
    // Gone again, or unreadable: its events then count as unresolved.
    [[maybe_unused]] const auto status = names_.directories().add_filesystem(mount_point);
  }
  new_filesystems_.clear();
  // Written with the next flush: before the first event of the mount, or at the end.
  for (const auto& mount : new_mounts_) series_->add_mount(mount);
  new_mounts_.clear();
  for (const auto& clock : new_clocks_) trace().add_clock(clock);
  new_clocks_.clear();
  for (const auto& loss : new_losses_) ledger_.add(loss);
  new_losses_.clear();
}

void WriteLoop::apply_process_facts(std::uint64_t log_end) {
  while (const auto record = log_.peek(log_end)) {
    execs_.add(*record);
    processes_.apply(*record);
    log_.pop();
  }
  name_executables();
}

void WriteLoop::close_descriptors(std::vector<int>& descriptors) {
  // Those of one read are mostly consecutive: one close_range() each run, half the price of single closes.
  std::sort(descriptors.begin(), descriptors.end());
  for (std::size_t i = 0; i < descriptors.size();) {
    std::size_t end = i + 1;
    while (end < descriptors.size() && descriptors[end] == descriptors[end - 1] + 1) ++end;
    ::close_range(static_cast<unsigned>(descriptors[i]), static_cast<unsigned>(descriptors[end - 1]), 0);
    i = end;
  }
  arenas_.open_descriptors.fetch_sub(static_cast<std::int64_t>(descriptors.size()),
                                     std::memory_order_release);
  descriptors.clear();
}

bool WriteLoop::has_pending() const {
  return failure_.ok() && (trace().event_count() != flushed_events_ || ledger_.pending());
}

void WriteLoop::flush() {
  flush_due_ns_ = 0;
  if (!has_pending()) return;
  ledger_.hand_over(trace());
  if (const auto status = trace().flush(sample_clocks()); !status) return fail(status.error());
  flushed_events_ = trace().event_count();
  publish_statistics();
}

void WriteLoop::rotate() {
  flush();
  if (!failure_.ok()) return;
  format::TraceSummary summary;
  count_seen(summary.cost);
  if (const auto status = series_->rotate(sample_clocks(), std::move(summary)); !status)
    return fail(status.error());
  processes_.begin_file();
  flushed_events_ = 0;
}

void WriteLoop::request_rotation() {
  series_->request_rotation();
  arenas_.wake();
}

// What the file at hand accounts for.
void WriteLoop::count_seen(format::RecorderCost& cost) {
  cost.events_seen = seen_ - std::exchange(seen_in_older_files_, seen_);
  cost.events_filtered = filtered_ - std::exchange(filtered_in_older_files_, filtered_);
}

void WriteLoop::fail(const Error& error) {
  const auto now_ns = monotonic_ns();
  const auto unwritten = trace().event_count() - flushed_events_;
  if (unwritten != 0) ledger_.add({LossCause::kWriteError, unwritten, now_ns, now_ns});
  failure_ = error;
  failure_event_->wake();
}

Status WriteLoop::finish(format::TraceSummary summary) {
  if (!failure_.ok()) return failure_;
  take_inbox();
  count_seen(summary.cost);
  summary.cost.writer_user_ns = cpu_time_.user_ns;
  summary.cost.writer_system_ns = cpu_time_.system_ns;
  ledger_.hand_over(trace());
  auto status = series_->finish(sample_clocks(), std::move(summary));
  if (!status) fail(status.error());
  return status;
}

void WriteLoop::publish_statistics() {
  const auto figures = series_->figures();
  const auto& totals = figures.totals;
  live_.events.store(totals.events, std::memory_order_relaxed);
  live_.lost_later.store(ledger_.lost().known - dropped_, std::memory_order_relaxed);
  live_.bytes.store(figures.bytes, std::memory_order_relaxed);
  live_.reply_p50_ns.store(totals.reply_latency.quantile_ns(0.5), std::memory_order_relaxed);
  live_.reply_p99_ns.store(totals.reply_latency.quantile_ns(0.99), std::memory_order_relaxed);
}

}  // namespace rfan::recorder
