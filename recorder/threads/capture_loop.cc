#include "recorder/threads/capture_loop.h"

#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <ctime>
#include <utility>

#include "recorder/system/clock.h"
#include "recorder/system/thread_priority.h"

namespace rfan::recorder {

namespace {

// Three looks of the relay's spare thread.
constexpr timespec kLingerPause{0, 20'000'000};

}  // namespace

CaptureLoop::CaptureLoop(Options options, FanotifyGroup* held, FanotifyGroup* told, ArenaPool& arenas,
                         ProcessLog& log, std::optional<ProcessEvents> events, ProcessTracker tracker,
                         Guardian& guardian, LiveStatistics& live)
    : options_(std::move(options)),
      held_(held),
      told_(told),
      arenas_(arenas),
      log_(log),
      events_(std::move(events)),
      tracker_(std::move(tracker)),
      guardian_(guardian),
      live_(live),
      own_pid_(static_cast<std::uint32_t>(::getpid())),
      relay_(std::min(guardian.beat_interval(), kMaxRelayTick), [this] { run(); }) {}

CaptureLoop::~CaptureLoop() {
  stop();
}

Status CaptureLoop::start() {
  if (auto status = relay_.open(); !status) return status;
  poll_fds_.push_back({relay_.wake_event().fd(), POLLIN, 0});
  if (held_ != nullptr) poll_fds_.push_back({held_->fd(), POLLIN, 0});
  must_watch_ = poll_fds_.size();
  if (told_ != nullptr) poll_fds_.push_back({told_->fd(), POLLIN, 0});
  connector_ = poll_fds_.size();
  // After the queues: what was told before an event that poll() found there is seen by the same poll().
  poll_fds_.push_back({events_ ? events_->connector_fd() : -1, POLLIN, 0});
  first_ring_ = poll_fds_.size();
  if (events_) {
    const auto rings = events_->poll_fds();
    poll_fds_.insert(poll_fds_.end(), rings.begin(), rings.end());
  }
  if (held_ == nullptr) return relay_.start({});
  auto read = held_->shared_read();
  return read ? relay_.start(std::move(*read)) : read.error();
}

void CaptureLoop::stop() {
  stopping_.store(true, std::memory_order_release);
  relay_.wake_event().wake();
  relay_.stop();
}

void CaptureLoop::run() {
  ::pthread_setname_np(::pthread_self(), "rfan-reader");
  set_reader_priority(storm_ ? ReaderPriority::kStorm : ReaderPriority::kRealTime);
  pin_to_cpu(options_.cpu);
  if (const auto since_ns = relay_.take_blocked_since()) note_stall(*since_ns, monotonic_ns());
  held_is_empty_ = users_are_known_ = false;
  guardian_.arm();
  bool lingered = false;
  for (;;) {
    guardian_.beat();
    // Read before the look at the queues: the marks are gone before stop() is called, so that queues found
    // empty after it stay empty, but for an open that was on its way in. Who calls stop() closes the groups
    // next, which lets it go.
    const bool last_look = stopping_.load(std::memory_order_acquire);
    if (last_look) held_is_empty_ = users_are_known_ = false;
    const auto found = turn();
    if (found == Turn::kRoleGone) return;
    if (found == Turn::kNothingQueued && last_look) {
      if (relay_.blocked() == 0 || lingered) break;
      // Until what the blocked reads have brought is known.
      lingered = true;
      ::nanosleep(&kLingerPause, nullptr);
      continue;
    }
    wait();
  }
  guardian_.disarm();
  // Their openers will be refused by the kernel.
  missing_.failed_reads += static_cast<std::uint64_t>(relay_.blocked());
  drain_process_events();
  publish();
}

CaptureLoop::Turn CaptureLoop::turn() {
  if (!has_room()) return drop_batch();
  auto held = read_held();
  if (!held) return Turn::kRoleGone;
  // What was told before a held process goes on happened before its open: it is read before the answer, and
  // entered first, so that a file is created before it is opened.
  const auto told = read_told();
  if (held->bytes + told.bytes == 0) return Turn::kNothingQueued;
  const auto read_ns = held->bytes != 0 ? held->until_ns : told.until_ns;
  tracker_.begin_batch(read_ns);
  drain_process_events(users_changed_before(*held, told));
  if (told.bytes != 0) take_told(told, read_ns);
  if (told.bytes != 0 && holds_exec(*held)) take_all_told_before(*held, read_ns);
  if (held->bytes != 0) take_held(*held, read_ns);
  read_processes();
  return Turn::kEvents;
}

// A lone held event is the one that poll() found. To ask the connector nevertheless takes 1.5 us, 7 % of what
// a lone opener waits (open_loop_bench).
bool CaptureLoop::users_changed_before(const ReadBytes& held, const ReadBytes& told) const {
  return !users_are_known_ || held.bytes != kKernelEventBytes || told.bytes != 0;
}

// Openers of a blocked read() have waited longest: what it brought comes first.
std::optional<CaptureLoop::ReadBytes> CaptureLoop::read_held() {
  if (held_ == nullptr) return ReadBytes{};
  const std::int64_t credits =
      options_.descriptor_budget - arenas_.open_descriptors.load(std::memory_order_acquire);
  const auto max_events = std::min(
      {arena_->free_raw().size() / kKernelEventBytes, static_cast<std::size_t>(credits), max_read_events()});
  auto brought = take_late(max_events);
  if (!brought && held_is_empty_) return ReadBytes{};
  const auto asked_ns = monotonic_ns();
  note_progress(asked_ns);
  ReadBytes read{.offset = arena_->raw_bytes, .since_ns = held_until_ns_};
  if (brought) {
    users_are_known_ = false;
    took_late_ = true;
    read.since_ns = 0;  // long ago
  } else {
    brought = relay_.read(max_events, asked_ns);
    if (!brought) return std::nullopt;
    const bool took_all = brought->error == 0 && brought->events.size() < max_events * kKernelEventBytes;
    if (took_all) held_until_ns_ = asked_ns;
  }
  // Before kernel 6.13 an event whose descriptor cannot be opened is swallowed, its opener DENIED, and read()
  // fails.
  if (brought->error != 0) ++missing_.failed_reads;
  read.bytes = brought->events.size();
  read.until_ns = monotonic_ns();
  if (read.bytes != 0) std::memcpy(arena_->free_raw().data(), brought->events.data(), read.bytes);
  arena_->raw_bytes += read.bytes;
  return read;
}

std::optional<ReadRelay::Bytes> CaptureLoop::take_late(std::size_t max_events) {
  auto late = relay_.take_late(max_events);
  for (; late && late->events.empty(); late = relay_.take_late(max_events)) ++missing_.failed_reads;
  return late;
}

// The descriptors of a blocked read are not counted until it is through.
std::size_t CaptureLoop::max_read_events() const {
  constexpr std::size_t kOfManyReads = 64;
  return relay_.blocked() == 0 ? ReadRelay::kMaxEvents : kOfManyReads;
}

CaptureLoop::ReadBytes CaptureLoop::read_told() {
  // Bounded, since openers wait meanwhile: 16 KiB are about 150 events and take 0.1 ms.
  constexpr std::size_t kMaxBytes = 16 * 1024;
  if (told_ == nullptr || !told_fits()) return {};
  ReadBytes read{.offset = arena_->raw_bytes, .since_ns = told_until_ns_};
  const auto limit = std::min(arena_->free_raw().size(), kMaxBytes);
  const auto asked_ns = monotonic_ns();
  note_progress(asked_ns);
  const long bytes = told_->read(arena_->free_raw().first(limit));
  if (bytes < 0) {
    ++missing_.failed_reads;
    return read;
  }
  read.bytes = static_cast<std::size_t>(bytes);
  read.until_ns = read.bytes == 0 ? asked_ns : monotonic_ns();
  // Everything, where the longest event would have found room.
  if (read.bytes + kMinFreeBytes <= limit) told_until_ns_ = asked_ns;
  arena_->raw_bytes += read.bytes;
  return read;
}

// The longest event, and a batch of the permission group behind it.
bool CaptureLoop::told_fits() const {
  return arena_->free_raw().size() >= kMinFreeBytes && arena_->batch_count + 2 <= Arena::kMaxBatches;
}

// After its exec a process is another program: all that it did before is taken before it may go on, however
// much is queued (0.5 us an event). If the queue fills faster, or no arena is free, the batch says so.
void CaptureLoop::take_all_told_before(ReadBytes& held, std::uint64_t read_ns) {
  while (told_until_ns_ < held.until_ns && monotonic_ns() - held.until_ns < kMaxThrottleNs) {
    if (!told_fits() && !carry_over(held)) return;
    const auto told = read_told();
    drain_process_events();
    if (told.bytes != 0) take_told(told, read_ns);
  }
}

// Publishes the arena without the events of `held`, which go on in the next one. False where there is none.
bool CaptureLoop::carry_over(ReadBytes& held) {
  if (arenas_.in_use() == ArenaPool::kArenas) return false;
  std::memcpy(scratch_.data(), arena_->raw.data() + held.offset, held.bytes);
  publish();
  if (!obtain_arena()) return false;
  held.offset = arena_->raw_bytes;
  std::memcpy(arena_->raw.data() + held.offset, scratch_.data(), held.bytes);
  arena_->raw_bytes += held.bytes;
  return true;
}

bool CaptureLoop::holds_exec(const ReadBytes& read) const {
  KernelEventWalker walker(std::span<const std::byte>(arena_->raw).subspan(read.offset, read.bytes));
  KernelEvent event;
  while (walker.next(event)) {
    if (event.is_held() && event.is_exec()) return true;
  }
  return false;
}

bool CaptureLoop::obtain_arena() {
  if (arena_ != nullptr && !told_fits()) publish();
  if (arena_ == nullptr) {
    arena_ = arenas_.take_free();
    if (arena_ == nullptr) return false;
    arena_->clear();
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
    if (now_ns - shortage_since_ns_ > kMaxThrottleNs || stopping_.load(std::memory_order_acquire))
      return false;
    guardian_.beat();
    constexpr timespec kPause{0, 100'000};
    ::nanosleep(&kPause, nullptr);
  }
}

Arena::Batch& CaptureLoop::begin_batch(Arena::Source source, const ReadBytes& read, std::uint64_t read_ns) {
  if (arena_->batch_count == 0) arena_since_ns_ = read_ns;
  auto& batch = arena_->batches[arena_->batch_count++];
  batch.raw_begin = static_cast<std::uint32_t>(read.offset);
  batch.raw_end = static_cast<std::uint32_t>(read.offset + read.bytes);
  batch.first_image = static_cast<std::uint32_t>(arena_->event_count);
  batch.source = source;
  batch.follows_notifications = told_ == nullptr || told_until_ns_ >= read.until_ns;
  batch.since_ns = read.since_ns;
  batch.until_ns = read.until_ns;
  batch.read_ns = read_ns;
  batch.answered_ns = read_ns;
  return batch;
}

void CaptureLoop::take_told(const ReadBytes& read, std::uint64_t read_ns) {
  begin_batch(Arena::Source::kNotificationGroup, read, read_ns);
  KernelEventWalker walker(std::span<const std::byte>(arena_->raw).subspan(read.offset, read.bytes));
  KernelEvent event;
  std::uint64_t seen = 0;
  while (walker.next(event)) {
    const bool own = event.pid == own_pid_;
    arena_->images[arena_->event_count++] = own ? Arena::kOwnEvent : attribute(event);
    if (!own) ++seen;
  }
  count_seen(seen);
  told_since_gathered_ += seen;
  if (walker.malformed()) ++missing_.unreadable_reads;
}

void CaptureLoop::take_held(const ReadBytes& read, std::uint64_t read_ns) {
  auto& batch = begin_batch(Arena::Source::kPermissionGroup, read, read_ns);
  KernelEventWalker walker(std::span<const std::byte>(arena_->raw).subspan(read.offset, read.bytes));
  KernelEvent event;
  std::int64_t descriptors = 0;
  std::int64_t held = 0;
  std::uint64_t seen = 0;
  while (walker.next(event)) {
    const bool own = event.pid == own_pid_;
    if (!own) ++seen;
    const auto index = arena_->event_count++;
    arena_->images[index] = own ? Arena::kOwnEvent : attribute(event);
    if (event.fd < 0) continue;
    ++descriptors;
    if (!event.is_held()) continue;
    ++held;
    if (replies_.full()) held_->answer(replies_);
    if (!own && denies(event)) {
      arena_->denied.set(index);
      replies_.deny(event.fd, options_.denial->rules.error());
    } else {
      replies_.allow(event.fd);
    }
  }
  if (walker.malformed()) note_unreadable();
  count_seen(seen);
  if (!replies_.empty()) held_->answer(replies_);
  batch.answered_ns = monotonic_ns();
  arenas_.open_descriptors.fetch_add(descriptors, std::memory_order_release);
  follow_storm(held, read_ns);
}

void CaptureLoop::follow_storm(std::int64_t held, std::uint64_t now_ns) {
  if (held > 1) crowded_opens_ += held;
  if (now_ns - storm_window_ns_ < kStormWindowNs) return;
  const bool storm = crowded_opens_ >= kStormOpens && now_ns - storm_window_ns_ < 2 * kStormWindowNs;
  storm_window_ns_ = now_ns;
  crowded_opens_ = 0;
  if (storm == storm_) return;
  storm_ = storm;
  set_reader_priority(storm ? ReaderPriority::kStorm : ReaderPriority::kRealTime);
}

// Whoever waits behind bytes that cannot be understood can only be let go by closing the group.
void CaptureLoop::note_unreadable() {
  ++missing_.unreadable_reads;
  give_up();
}

void CaptureLoop::count_seen(std::uint64_t events) {
  // No other thread writes it.
  live_.seen.store(live_.seen.load(std::memory_order_relaxed) + events, std::memory_order_relaxed);
}

void CaptureLoop::give_up() {
  gave_up_.store(true, std::memory_order_release);
  options_.failure_event->wake();
}

ImageSerial CaptureLoop::attribute(const KernelEvent& event) {
  if (event.is_held()) return tracker_.attribute_held(event.pid, event.is_exec());
  // Read at once, a process that executes has no arguments yet.
  const bool may_be_read = options_.gathers_told || !event.is_exec();
  return tracker_.attribute_told(event.pid, may_be_read);
}

// What is left when an opener comes is read after its answer.
void CaptureLoop::read_processes() {
  while (tracker_.has_unread() && !opener_waits()) tracker_.read_later([this] { drain_process_events(); });
}

bool CaptureLoop::opener_waits() {
  return held_ != nullptr && ::poll(&poll_fds_[must_watch_ - 1], 1, 0) > 0;
}

bool CaptureLoop::denies(const KernelEvent& event) {
  if (!options_.denial || !tracker_.is_recorded(event.pid)) return false;
  auto& [rules, filter, names] = *options_.denial;
  const auto path = names.read(event.fd);
  return path && rules.matches(*path) && filter.accepts_path(*path);
}

CaptureLoop::Turn CaptureLoop::drop_batch() {
  // Events that nobody waits for stay in the kernel's queue.
  if (held_ == nullptr) return Turn::kNothingQueued;
  auto brought = take_late(max_read_events());
  if (!brought) brought = relay_.read(max_read_events(), monotonic_ns());
  if (!brought) return Turn::kRoleGone;
  if (brought->error != 0) ++missing_.failed_reads;
  if (brought->events.empty()) return Turn::kNothingQueued;
  KernelEventWalker walker(brought->events);
  KernelEvent event;
  std::array<int, ReplyBatch::kCapacity> descriptors;
  std::size_t count = 0;
  const auto now_ns = monotonic_ns();
  std::uint64_t dropped = 0;
  while (walker.next(event)) {
    if (event.fd >= 0) {
      descriptors[count++] = event.fd;
      if (event.is_held()) replies_.allow(event.fd);
    }
    if (event.pid != own_pid_) ++dropped;
  }
  if (walker.malformed()) note_unreadable();
  held_->answer(replies_);
  for (std::size_t i = 0; i < count; ++i) ::close(descriptors[i]);
  if (dropped == 0) return Turn::kEvents;
  if (missing_.dropped == 0) missing_.dropped_first_ns = now_ns;
  missing_.dropped += dropped;
  missing_.dropped_last_ns = now_ns;
  count_seen(dropped);
  live_.dropped.store(live_.dropped.load(std::memory_order_relaxed) + dropped, std::memory_order_relaxed);
  return Turn::kEvents;
}

void CaptureLoop::note_progress(std::uint64_t now_ns) {
  const auto due_ns = progress_ns_ + idle_allowance_ns_;
  if (progress_ns_ != 0 && now_ns > due_ns + kStallNs) note_stall(due_ns, now_ns);
  progress_ns_ = now_ns;
  idle_allowance_ns_ = 0;
}

void CaptureLoop::note_stall(std::uint64_t since_ns, std::uint64_t until_ns) {
  if (missing_.stalls++ == 0) missing_.stalled_since_ns = since_ns;
  missing_.stalled_until_ns = until_ns;
  progress_ns_ = until_ns;
}

void CaptureLoop::drain_process_events(bool users_changed) {
  if (events_) {
    events_->drain(users_changed, [this](const PerfRecord& record) { tracker_.apply(record); });
  }
}

void CaptureLoop::publish() {
  if (arena_ == nullptr && !obtain_arena()) return;
  arena_->process_facts_lost = tracker_.take_lost();
  arena_->missing = missing_;
  arena_->process_log_end = log_.position();
  arena_->notified_until_ns = told_ == nullptr ? UINT64_MAX : told_until_ns_;
  if (arena_->empty() && arena_->process_log_end == published_log_end_) return;
  missing_ = {};
  published_log_end_ = arena_->process_log_end;
  arenas_.publish(arena_);
  arena_ = nullptr;
}

bool CaptureLoop::publishing_is_due(std::uint64_t now_ns) const {
  if (!missing_.none() || log_.position() - published_log_end_ > ProcessLog::kBytes / 8) return true;
  return arena_ != nullptr && !arena_->empty() && now_ns - arena_since_ns_ >= kMaxArenaAgeNs;
}

// A ring that ended (its CPU went away, for one) is readable for ever. What it would have told is read from
// /proc from here on.
void CaptureLoop::forget_ended_rings() {
  for (std::size_t i = first_ring_; i < poll_fds_.size(); ++i) {
    if ((poll_fds_[i].revents & (POLLERR | POLLHUP | POLLNVAL)) == 0) continue;
    poll_fds_[i] = {-1, 0, 0};
    events_->drop(i - first_ring_);
    tracker_.do_without_side_band();
  }
}

// On a CPU that was brought online, processes came and went unseen until now: what is known is read again,
// and that something may be missing is counted.
void CaptureLoop::follow_cpus() {
  const auto now_ns = monotonic_ns();
  if (!events_ || now_ns < cpus_due_ns_) return;
  cpus_due_ns_ = now_ns + kCpusIntervalNs;
  drain_process_events();
  const auto came = events_->follow_cpus();
  missing_.unwatched_cpus += came;
  if (came != 0) tracker_.invalidate();
  const auto rings = events_->poll_fds();
  std::copy(rings.begin(), rings.end(), poll_fds_.begin() + static_cast<std::ptrdiff_t>(first_ring_));
}

// Whether the last poll() found something queued.
bool CaptureLoop::events_wait() const {
  return std::any_of(poll_fds_.begin() + 1, poll_fds_.begin() + static_cast<std::ptrdiff_t>(connector_),
                     [](const pollfd& queue) { return queue.revents != 0; });
}

// Sleeps after events were told, however many are told meanwhile; true when woken for something else, which
// is to be looked after at once.
bool CaptureLoop::gather() {
  if (!options_.gathers_told || told_since_gathered_ == 0) return false;
  constexpr std::size_t kFew = 8, kMany = 32;
  if (told_since_gathered_ < kFew) gather_ns_ = std::min(gather_ns_ * 2, kMaxGatherNs);
  if (told_since_gathered_ > kMany) gather_ns_ = std::max(gather_ns_ / 2, kMinGatherNs);
  told_since_gathered_ = 0;
  const timespec pause{0, static_cast<long>(gather_ns_)};
  idle_allowance_ns_ += gather_ns_;
  if (::ppoll(poll_fds_.data(), must_watch_, &pause, nullptr) == 0) return false;
  if (poll_fds_[0].revents != 0) relay_.wake_event().clear();
  held_is_empty_ = false;
  return true;
}

// Returns at once when there is something to read: cheaper than to read in vain from both groups.
void CaptureLoop::wait() {
  // A writer that is behind gets full arenas: there are fewer of them than of small ones.
  if (arenas_.writer_is_abreast() && publishing_is_due(monotonic_ns())) publish();
  users_are_known_ = false;
  if (std::exchange(took_late_, false) || gather()) return;
  constexpr int kRetryMs = 2;
  constexpr int kMaxArenaAgeMs = static_cast<int>(kMaxArenaAgeNs / 1'000'000);
  const bool shortage = shortage_since_ns_ != 0;
  const bool held_back = arena_ != nullptr && !arena_->empty();
  const int timeout_ms = shortage    ? kRetryMs
                         : held_back ? kMaxArenaAgeMs
                                     : static_cast<int>(guardian_.beat_interval().count());
  // Without room only what must be answered matters. A ring need not wake us where the next look is so near:
  // each descriptor that is watched costs 0.2 us, and there is a ring for every CPU.
  const std::size_t watched = shortage ? must_watch_ : held_back ? first_ring_ : poll_fds_.size();
  idle_allowance_ns_ += static_cast<std::uint64_t>(timeout_ms) * 1'000'000;
  const int ready = ::poll(poll_fds_.data(), watched, timeout_ms);
  if (poll_fds_[0].revents != 0) relay_.wake_event().clear();
  users_are_known_ = ready >= 0 && watched > connector_ && poll_fds_[connector_].revents == 0;
  held_is_empty_ = ready >= 0 && poll_fds_[must_watch_ - 1].revents == 0;
  if (ready == 0) follow_storm(0, monotonic_ns());
  forget_ended_rings();
  // Else the turn does, once it has read the events.
  if (shortage || !events_wait()) drain_process_events();
  follow_cpus();
}

}  // namespace rfan::recorder
