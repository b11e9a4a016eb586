#include "recorder/capture_loop.h"

#include <pthread.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>

#include "recorder/clock.h"

namespace rfan::recorder {

CaptureLoop::CaptureLoop(const Options& options, FanotifyGroup& group, ArenaPool& arenas, ProcessLog& log,
                         std::optional<ProcessEvents> events, ProcessTracker tracker)
    : options_(options),
      group_(group),
      arenas_(arenas),
      log_(log),
      events_(std::move(events)),
      tracker_(std::move(tracker)),
      own_pid_(static_cast<std::uint32_t>(::getpid())) {}

CaptureLoop::~CaptureLoop() {
  stop();
}

Status CaptureLoop::start() {
  stop_event_.reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!stop_event_) return errno_error("cannot create an eventfd");
  poll_fds_.push_back({group_.fd(), POLLIN, 0});
  poll_fds_.push_back({stop_event_.get(), POLLIN, 0});
  if (events_) {
    const auto rings = events_->poll_fds();
    poll_fds_.insert(poll_fds_.end(), rings.begin(), rings.end());
  }
  thread_ = std::thread([this] { run(); });
  return {};
}

void CaptureLoop::stop() {
  if (!thread_.joinable()) return;
  stopping_.store(true, std::memory_order_release);
  const std::uint64_t one = 1;
  // An eventfd write fails only at 2^64 - 1; the thread then sees the flag at its next turn.
  [[maybe_unused]] const auto written = ::write(stop_event_.get(), &one, sizeof one);
  thread_.join();
}

void CaptureLoop::claim_cpu() {
  ::pthread_setname_np(::pthread_self(), "rfan-reader");
  // Above every ordinary thread: a reader that waits for its turn makes all openers wait (max reply during a
  // compile 0.16 ms, against 0.7 to 2.9 ms without). Without CAP_SYS_NICE it stays an ordinary thread.
  sched_param priority{};
  priority.sched_priority = 1;
  ::sched_setscheduler(0, SCHED_FIFO, &priority);
  int cpu = options_.cpu;
  cpu_set_t allowed;
  if (cpu < 0 && ::sched_getaffinity(0, sizeof allowed, &allowed) == 0) {
    for (int candidate = 0; candidate < CPU_SETSIZE; ++candidate) {
      if (CPU_ISSET(candidate, &allowed)) cpu = candidate;
    }
  }
  if (cpu < 0) return;
  cpu_set_t wanted;
  CPU_ZERO(&wanted);
  CPU_SET(cpu, &wanted);
  ::sched_setaffinity(0, sizeof wanted, &wanted);
}

void CaptureLoop::run() {
  claim_cpu();
  for (;;) {
    if (turn()) continue;
    // The marks are gone before stopping_ is set, so that an empty queue then stays empty.
    if (stopping_.load(std::memory_order_acquire)) break;
    wait();
  }
  drain_process_events();
  publish();
  cpu_ns_ = thread_cpu_ns();
}

bool CaptureLoop::turn() {
  if (!has_room()) {
    drop_batch();
    return true;
  }
  const std::int64_t credits =
      options_.descriptor_budget - arenas_.open_descriptors.load(std::memory_order_acquire);
  const auto limit =
      std::min(arena_->free_raw().size(), static_cast<std::size_t>(credits) * kKernelEventBytes);
  const long bytes = group_.read(arena_->free_raw().first(limit));
  if (bytes <= 0) return false;
  const auto now_ns = monotonic_ns();
  note_end_of_idleness(now_ns);
  take_batch(static_cast<std::size_t>(bytes), now_ns);
  return true;
}

bool CaptureLoop::obtain_arena() {
  const bool full = arena_ != nullptr && (arena_->free_raw().size() < kKernelEventBytes ||
                                          arena_->batch_count == Arena::kMaxBatches);
  if (full) publish();
  if (arena_ == nullptr) {
    arena_ = arenas_.take_free();
    if (arena_ == nullptr) return false;
    arena_->clear();
    arena_since_ns_ = monotonic_ns();
    arenas_high_water_ = std::max(arenas_high_water_, static_cast<std::uint32_t>(arenas_.in_use()));
  }
  return true;
}

bool CaptureLoop::has_room() {
  for (;;) {
    const bool room = obtain_arena() &&
                      arenas_.open_descriptors.load(std::memory_order_acquire) < options_.descriptor_budget;
    if (room) {
      shortage_since_ns_ = 0;
      return true;
    }
    // Descriptors come back only from arenas that the writer has: it must get this one.
    if (arena_ != nullptr && !arena_->empty()) publish();
    const auto now_ns = monotonic_ns();
    if (shortage_since_ns_ == 0) shortage_since_ns_ = now_ns;
    if (now_ns - shortage_since_ns_ > kMaxThrottleNs) return false;
    constexpr timespec kPause{0, 100'000};
    ::nanosleep(&kPause, nullptr);
  }
}

void CaptureLoop::take_batch(std::size_t bytes, std::uint64_t read_ns) {
  drain_process_events();
  tracker_.begin_batch(read_ns);
  const auto raw = arena_->free_raw().first(bytes);
  arena_->raw_bytes += bytes;
  attribute_batch(raw);
  auto& batch = arena_->batches[arena_->batch_count++];
  batch.raw_end = static_cast<std::uint32_t>(arena_->raw_bytes);
  batch.read_ns = read_ns;
  batch.answered_ns = monotonic_ns();
  // A writer that is behind gets full arenas: there are fewer of them than of small ones.
  if (batch.answered_ns - arena_since_ns_ > kMaxArenaAgeNs && arenas_.writer_is_waiting()) publish();
}

void CaptureLoop::attribute_batch(std::span<const std::byte> bytes) {
  KernelEventWalker walker(bytes);
  KernelEvent event;
  std::int64_t descriptors = 0;
  while (walker.next(event)) {
    const bool own = event.pid == own_pid_;
    arena_->images[arena_->event_count++] =
        own ? Arena::kOwnEvent : tracker_.attribute(event.pid, event.is_held());
    if (event.fd < 0) continue;
    ++descriptors;
    if (!event.is_held()) continue;
    if (replies_.full()) group_.answer(replies_);
    replies_.allow(event.fd);
  }
  if (!replies_.empty()) group_.answer(replies_);
  arenas_.open_descriptors.fetch_add(descriptors, std::memory_order_release);
}

void CaptureLoop::drop_batch() {
  const long bytes = group_.read(scratch_);
  if (bytes <= 0) return;
  KernelEventWalker walker(std::span<const std::byte>(scratch_).first(static_cast<std::size_t>(bytes)));
  KernelEvent event;
  std::array<int, ReplyBatch::kCapacity> descriptors;
  std::size_t count = 0;
  const auto now_ns = monotonic_ns();
  while (walker.next(event)) {
    if (event.fd >= 0) {
      descriptors[count++] = event.fd;
      if (event.is_held()) replies_.allow(event.fd);
    }
    if (event.pid == own_pid_) continue;
    if (dropped_++ == 0) dropped_first_ns_ = now_ns;
    dropped_last_ns_ = now_ns;
  }
  group_.answer(replies_);
  for (std::size_t i = 0; i < count; ++i) ::close(descriptors[i]);
}

void CaptureLoop::drain_process_events() {
  if (events_) {
    events_->drain([this](const PerfRecord& record) { tracker_.apply(record); });
  }
}

void CaptureLoop::publish() {
  if (arena_ == nullptr && !obtain_arena()) return;
  arena_->process_facts_lost = tracker_.take_lost();
  arena_->dropped = dropped_;
  arena_->dropped_first_ns = dropped_first_ns_;
  arena_->dropped_last_ns = dropped_last_ns_;
  arena_->process_log_end = log_.position();
  const bool log_is_long = arena_->process_log_end - published_log_end_ > ProcessLog::kBytes / 8;
  if (arena_->empty() && !log_is_long) return;
  dropped_ = 0;
  published_log_end_ = arena_->process_log_end;
  arenas_.publish(arena_);
  arena_ = nullptr;
}

void CaptureLoop::note_end_of_idleness(std::uint64_t now_ns) {
  if (idle_since_ns_ == 0) return;
  // One long pause must not hide that a burst has begun.
  const auto idle_ns = std::min(now_ns - idle_since_ns_, 4 * kSpinWorthNs);
  average_idle_ns_ = (7 * average_idle_ns_ + idle_ns) / 8;
  idle_since_ns_ = 0;
}

void CaptureLoop::wait() {
  const auto now_ns = monotonic_ns();
  if (idle_since_ns_ == 0) idle_since_ns_ = now_ns;
  if (average_idle_ns_ < kSpinWorthNs && now_ns - idle_since_ns_ < kSpinNs) return;
  // A writer that is still busy gets this arena when it is fuller or has waited a little, so that a trickle
  // of events cannot use up the arenas while the writer is off its CPU.
  if (arenas_.writer_is_waiting()) publish();
  constexpr int kRetryMs = 2;
  const int timeout_ms = arena_ == nullptr || arena_->empty() ? -1 : kRetryMs;
  ::poll(poll_fds_.data(), poll_fds_.size(), timeout_ms);
  if ((poll_fds_[0].revents & POLLIN) == 0) drain_process_events();
}

}  // namespace rfan::recorder
