#include "recorder/threads/write_loop.h"

#include <linux/close_range.h>
#include <pthread.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "recorder/system/thread_priority.h"

namespace rfan::recorder {

using format::LossCause;

WriteLoop::WriteLoop(const Options& options, ArenaPool& arenas, ProcessLog& log, Names names,
                     std::unique_ptr<TraceSeries> series, LiveStatistics& live)
    : max_waiting_descriptors_(options.max_waiting_descriptors),
      arenas_(arenas),
      log_(log),
      processes_(options.events.root_pid),
      writer_(options.events, processes_, ledger_),
      lookup_(std::move(names.resolver), std::move(names.mounts), std::move(names.directories), processes_,
              writer_, ledger_),
      output_(std::move(series), ledger_, live, options.flush_interval_ms) {}

WriteLoop::~WriteLoop() {
  stop();
}

void WriteLoop::start(const WakeEvent& failure_event) {
  output_.wake_on_failure(failure_event);
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
  while (turn()) {
  }
  cpu_time_ = thread_cpu_time();
}

// Returns false when all is written at the end.
bool WriteLoop::turn() {
  // Loaded before the queue is looked at: all arenas were published before stop() was called.
  const bool last_round = stopping_.load(std::memory_order_acquire);
  const auto now_ns = monotonic_ns();
  if (Arena* arena = arenas_.take_filled(last_round ? 0 : wait_ms(now_ns))) {
    write_arena(*arena);
    arenas_.give_back(arena);
  } else if (last_round) {
    write_due(UINT64_MAX);
    return false;
  } else {
    handle_inbox();
    write_due(now_ns);
  }
  const auto done_ns = monotonic_ns();
  // Here and not when a flush is through: between two events no id of the old file is in use.
  if (output_.rotation_is_due(done_ns)) rotate();
  if (output_.flush_if_due(done_ns)) output_.publish_figures(dropped_);
  return true;
}

int WriteLoop::wait_ms(std::uint64_t now_ns) const {
  const auto due_ns = std::min(output_.due_ns(), pending_.due_ns());
  if (due_ns == UINT64_MAX) return -1;
  return due_ns <= now_ns ? 0 : static_cast<int>((due_ns - now_ns) / 1'000'000 + 1);
}

void WriteLoop::write_arena(Arena& arena) {
  apply_process_facts(arena.process_log_end);
  handle_inbox();
  lookup_.begin_arena(arena);
  account_for(arena.missing);
  const auto now_ns = monotonic_ns();
  if (arena.process_facts_lost != 0)
    ledger_.add({LossCause::kProcessChannel, arena.process_facts_lost, now_ns, now_ns});
  auto events = pending_.begin();
  for (const auto& batch : std::span(arena.batches).first(arena.batch_count)) {
    keep_up();
    lookup_.look_up(arena, batch, !pending_.empty(), events);
  }
  pending_.push(std::move(events), lookup_.position(), monotonic_ns());
  notified_until_ns_ = arena.notified_until_ns;
  write_settled();
  // By the time of the events, not of the clock: a writer that is behind still needs who has exited since.
  if (arena.batch_count != 0) processes_.expire(arena.batches[arena.batch_count - 1].read_ns);
  output_.publish_figures(dropped_);
}

void WriteLoop::account_for(const Arena::Missing& missing) {
  const auto now_ns = monotonic_ns();
  writer_.add_dropped(missing.dropped);
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

bool WriteLoop::has_too_many_open() const {
  return arenas_.open_descriptors.load(std::memory_order_acquire) > max_waiting_descriptors_;
}

void WriteLoop::write_settled() {
  while (!pending_.empty() && (pending_.oldest_is_settled(notified_until_ns_) || has_too_many_open()) &&
         write_oldest()) {
  }
}

void WriteLoop::write_due(std::uint64_t now_ns) {
  while (!pending_.empty() && pending_.due_ns() <= now_ns && write_oldest()) {
  }
}

// Returns false when a move of a file is still to come: then it waits for that.
bool WriteLoop::write_oldest() {
  auto& names = lookup_.names();
  auto& events = pending_.oldest();
  const bool waits = !stopping_.load(std::memory_order_acquire) && !has_too_many_open() &&
                     monotonic_ns() < events.settle_by_ns;
  const bool done = events.take_while([&](const ArenaEvent& event, const EventPaths& paths) {
    const auto then = names.then(event.kernel.fd, event.position, paths);
    if (!then && waits) return false;
    write_event(event, then.value_or(paths));
    return true;
  });
  if (!done) {
    pending_.postpone(monotonic_ns());
    return false;
  }
  close_descriptors(events.descriptors);
  names.moves().forget_before(events.end_position, notified_until_ns_);
  pending_.pop();
  return true;
}

void WriteLoop::write_event(const ArenaEvent& event, const EventPaths& paths) {
  if (!output_.ok()) return writer_.lose(event, LossCause::kWriteError);
  writer_.write(event, paths, output_.trace(), [this] { output_.flush(); });
}

void WriteLoop::add_filesystem(const std::string& mount_point) {
  inbox_.add([&](auto& messages) { messages.filesystems.push_back(mount_point); });
}

void WriteLoop::add_mount(const format::MountCoverage& mount) {
  inbox_.add([&](auto& messages) { messages.mounts.push_back(mount); });
}

void WriteLoop::add_clock(const format::ClockSample& clock) {
  inbox_.add([&](auto& messages) { messages.clocks.push_back(clock); });
}

void WriteLoop::add_loss(const format::Loss& loss) {
  inbox_.add([&](auto& messages) { messages.losses.push_back(loss); });
  arenas_.wake();
}

void WriteLoop::handle_inbox() {
  const auto messages = inbox_.take();
  for (const auto& mount_point : messages.filesystems) {
    // Gone again, or unreadable: its events then count as unresolved.
    [[maybe_unused]] const auto status = lookup_.names().directories().add_filesystem(mount_point);
  }
  // Written with the next flush: before the first event of the mount, or at the end.
  for (const auto& mount : messages.mounts) series().add_mount(mount);
  for (const auto& clock : messages.clocks) output_.trace().add_clock(clock);
  for (const auto& loss : messages.losses) ledger_.add(loss);
}

void WriteLoop::apply_process_facts(std::uint64_t log_end) {
  while (const auto record = log_.peek(log_end)) {
    lookup_.add(*record);
    log_.pop();
  }
  lookup_.name_executables();
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

void WriteLoop::rotate() {
  if (output_.rotate([this](format::RecorderCost& cost) { writer_.take_counts(cost); }))
    processes_.begin_file();
  output_.publish_figures(dropped_);
}

void WriteLoop::request_rotation() {
  series().request_rotation();
  arenas_.wake();
}

Status WriteLoop::finish(format::TraceSummary summary) {
  if (output_.ok()) handle_inbox();
  writer_.take_counts(summary.cost);
  summary.cost.writer_user_ns = cpu_time_.user_ns;
  summary.cost.writer_system_ns = cpu_time_.system_ns;
  return output_.finish(std::move(summary));
}

}  // namespace rfan::recorder
