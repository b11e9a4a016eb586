#include "recorder/write_loop.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>

#include "recorder/clock.h"

namespace rfan::recorder {

using format::Event;
using format::EventKind;
using format::LossCause;

WriteLoop::WriteLoop(const Options& options, ArenaPool& arenas, ProcessLog& log, PathResolver resolver,
                     std::unique_ptr<format::TraceWriter> trace, LiveStatistics& live)
    : options_(options),
      arenas_(arenas),
      log_(log),
      resolver_(std::move(resolver)),
      trace_(std::move(trace)),
      live_(live),
      processes_(options.root_pid) {
  descriptors_.reserve(Arena::kMaxEvents);
}

WriteLoop::~WriteLoop() {
  stop();
}

Status WriteLoop::start(int failure_event) {
  failure_event_ = failure_event;
  thread_ = std::thread([this] { run(); });
  return {};
}

void WriteLoop::stop() {
  if (!thread_.joinable()) return;
  stopping_.store(true, std::memory_order_release);
  arenas_.wake();
  thread_.join();
}

void WriteLoop::run() {
  ::pthread_setname_np(::pthread_self(), "rfan-writer");
  // Where more threads want to run than there are CPUs, an ordinary writer falls behind until descriptors run
  // out. For this thread only (setpriority(2) takes a thread id); best effort without CAP_SYS_NICE.
  constexpr int kNice = -15;
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kNice);
  for (;;) {
    // Read before the queue is looked at: all arenas were published before stop() was called.
    const bool last_round = stopping_.load(std::memory_order_acquire);
    const auto now_ns = monotonic_ns();
    if (Arena* arena = arenas_.take_filled(last_round ? 0 : wait_ms(now_ns))) {
      write_arena(*arena);
      arenas_.give_back(arena);
    } else if (last_round) {
      break;
    }
    const auto done_ns = monotonic_ns();
    if (flush_due_ns_ == 0 && has_pending()) {
      flush_due_ns_ = done_ns + std::uint64_t{options_.flush_interval_ms} * 1'000'000;
    } else if (flush_due_ns_ != 0 && done_ns >= flush_due_ns_) {
      flush(done_ns);
    }
  }
  cpu_ns_ = thread_cpu_ns();
}

int WriteLoop::wait_ms(std::uint64_t now_ns) const {
  if (flush_due_ns_ == 0) return -1;
  return flush_due_ns_ <= now_ns ? 0 : static_cast<int>((flush_due_ns_ - now_ns) / 1'000'000 + 1);
}

void WriteLoop::write_arena(Arena& arena) {
  apply_process_facts(arena.process_log_end);
  const auto now_ns = monotonic_ns();
  if (arena.dropped != 0) {
    seen_ += arena.dropped;
    ledger_.add({LossCause::kNoArena, arena.dropped, arena.dropped_first_ns, arena.dropped_last_ns});
  }
  if (arena.process_facts_lost != 0)
    ledger_.add({LossCause::kProcessChannel, arena.process_facts_lost, now_ns, now_ns});
  std::size_t begin = 0;
  const ImageSerial* images = arena.images.data();
  for (const auto& batch : std::span(arena.batches).first(arena.batch_count)) {
    const auto raw = std::span<const std::byte>(arena.raw).subspan(begin, batch.raw_end - begin);
    write_batch(batch, raw, images);
    images += raw.size() / kKernelEventBytes;
    begin = batch.raw_end;
  }
  close_descriptors();
  processes_.expire(now_ns);
  publish_statistics();
}

void WriteLoop::write_batch(const Arena::Batch& batch, std::span<const std::byte> raw,
                            const ImageSerial* images) {
  KernelEventWalker walker(raw);
  KernelEvent event;
  while (walker.next(event)) {
    if (event.fd >= 0) descriptors_.push_back(event.fd);
    const ImageSerial image = *images++;
    if (image != Arena::kOwnEvent) write_event(event, image, batch);
  }
}

void WriteLoop::write_event(const KernelEvent& kernel_event, ImageSerial image, const Arena::Batch& batch) {
  if (kernel_event.is_overflow()) {
    ledger_.add({LossCause::kQueueOverflow, std::nullopt, batch.read_ns, batch.read_ns});
    return;
  }
  const auto events = static_cast<std::uint64_t>(count_kinds(kernel_event.mask));
  seen_ += events;
  if (!processes_.in_scope(image)) {
    filtered_ += events;
    return;
  }
  if (!failure_.ok()) {
    ledger_.add({LossCause::kWriteError, events, batch.read_ns, batch.read_ns});
    return;
  }
  Event event;
  event.time_ns = batch.read_ns;
  event.process = processes_.trace_id(image, *trace_);
  resolve_path(kernel_event, event);
  if (kernel_event.is_held()) {
    const auto reply_ns = batch.answered_ns - batch.read_ns;
    event.flags |= format::kFlagHeld;
    event.reply_ns = static_cast<std::uint32_t>(std::min<std::uint64_t>(reply_ns, UINT32_MAX));
  }
  for_each_kind(kernel_event.mask, [&](EventKind kind) {
    event.kind = kind;
    trace_->add_event(event);
    if (trace_->block_full()) flush(batch.answered_ns);
  });
}

void WriteLoop::resolve_path(const KernelEvent& kernel_event, Event& event) {
  if (kernel_event.is_directory()) event.flags |= format::kFlagDirectory;
  auto cause = LossCause::kDescriptorFailed;
  if (kernel_event.fd >= 0) {
    cause = LossCause::kUnresolvedPath;
    if (const auto resolved = resolver_.resolve(kernel_event.fd)) {
      event.path = trace_->intern_path(resolved->path);
      if (resolved->deleted) event.flags |= format::kFlagDeleted;
    }
  }
  if (event.path == 0) ledger_.add({cause, 1, event.time_ns, event.time_ns});
}

void WriteLoop::apply_process_facts(std::uint64_t log_end) {
  while (const auto record = log_.peek(log_end)) {
    processes_.apply(*record);
    log_.pop();
  }
}

void WriteLoop::close_descriptors() {
  // Those of one read are mostly consecutive: one close_range() each run, half the price of single closes.
  std::sort(descriptors_.begin(), descriptors_.end());
  for (std::size_t i = 0; i < descriptors_.size();) {
    std::size_t end = i + 1;
    while (end < descriptors_.size() && descriptors_[end] == descriptors_[end - 1] + 1) ++end;
    ::close_range(static_cast<unsigned>(descriptors_[i]), static_cast<unsigned>(descriptors_[end - 1]), 0);
    i = end;
  }
  arenas_.open_descriptors.fetch_sub(static_cast<std::int64_t>(descriptors_.size()),
                                     std::memory_order_release);
  descriptors_.clear();
}

bool WriteLoop::has_pending() const {
  return failure_.ok() && (trace_->totals().events != flushed_events_ || ledger_.pending());
}

void WriteLoop::flush(std::uint64_t now_ns) {
  flush_due_ns_ = 0;
  if (!has_pending()) return;
  ledger_.hand_over(*trace_);
  if (const auto status = trace_->flush(sample_clocks()); !status) return fail(status.error());
  flushed_events_ = trace_->totals().events;
  processes_.expire(now_ns);
  publish_statistics();
}

void WriteLoop::fail(const Error& error) {
  const auto now_ns = monotonic_ns();
  ledger_.add({LossCause::kWriteError, trace_->totals().events - flushed_events_, now_ns, now_ns});
  failure_ = error;
  const std::uint64_t one = 1;
  // Fails only when 2^64 - 1 failures are pending.
  [[maybe_unused]] const auto written = ::write(failure_event_, &one, sizeof one);
}

Status WriteLoop::finish(format::TraceSummary summary) {
  if (!failure_.ok()) return failure_;
  summary.cost.events_seen = seen_;
  summary.cost.events_filtered = filtered_;
  summary.cost.writer_cpu_ns = cpu_ns_;
  ledger_.hand_over(*trace_);
  return trace_->finish(sample_clocks(), std::move(summary));
}

void WriteLoop::publish_statistics() {
  const auto& totals = trace_->totals();
  live_.events.store(totals.events, std::memory_order_relaxed);
  live_.lost.store(ledger_.lost(), std::memory_order_relaxed);
  live_.queued.store(static_cast<std::uint64_t>(arenas_.open_descriptors.load(std::memory_order_relaxed)),
                     std::memory_order_relaxed);
  live_.bytes.store(trace_->bytes_written(), std::memory_order_relaxed);
  live_.reply_p50_ns.store(totals.reply_latency.quantile_ns(0.5), std::memory_order_relaxed);
  live_.reply_p99_ns.store(totals.reply_latency.quantile_ns(0.99), std::memory_order_relaxed);
}

}  // namespace rfan::recorder
