#include "recorder/kernel/read_relay.h"

#include <pthread.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "recorder/system/thread_priority.h"

namespace rfan::recorder {

// All threads share it, so a thread whose read() returns after the end still finds it. It is one class though
// large, because all that the threads share is under one mutex or in one turn counter.
class ReadRelay::State : public std::enable_shared_from_this<State> {
 public:
  State(std::chrono::milliseconds tick, std::function<void()> loop) : tick_(tick), loop_(std::move(loop)) {}

  Status open();
  Status start(Read read);
  void stop();
  const WakeEvent& wake_event() const { return wake_event_; }
  std::optional<PermissionBytes> read(std::size_t max_events, std::uint64_t now_ns);
  std::optional<PermissionBytes> take_late(std::size_t max_events);
  std::optional<std::uint64_t> take_blocked_since();
  int blocked() const { return blocked_.load(std::memory_order_relaxed); }
  CpuTime cpu_time() const {
    const std::lock_guard lock(mutex_);
    return cpu_time_;
  }

 private:
  // Others may block soon while one thread is blocked. An attack costs each opener at most three of these
  // ticks.
  static constexpr std::chrono::milliseconds kAlertTick{5};

  // One thread's read().
  struct Reading {
    alignas(8) std::array<std::byte, kMaxEvents * kKernelEventBytes> buffer{};
    std::size_t used = 0;  // bytes of the buffer filled by the previous read(); the rest is zero
    // Ends of the events in the buffer. Its own thread sets them when read() has returned; a look at a buffer
    // that the kernel is still filling also does.
    std::size_t looked_at = 0;  // complete at the last look
    std::size_t available = 0;  // complete at the look before that
    std::size_t taken = 0;
    bool done = false;
    int error = 0;
  };

  void spawn_spare();
  bool find_successor();
  void run_reader();
  void run_spare();
  bool await_role(const std::shared_ptr<Reading>& mine);
  bool take_role(std::uint64_t seen, const std::shared_ptr<Reading>& mine);
  void hand_over(Reading& mine, long bytes);
  static void look_at(Reading& reading);

  Read read_;
  const std::chrono::milliseconds tick_;
  const std::function<void()> loop_;
  WakeEvent wake_event_;

  // Twice the number of read()s begun and of role changes, plus one during a read(). The thread that changes
  // it from odd to even has the role.
  std::atomic<std::uint64_t> turn_ = 0;
  std::atomic<std::uint64_t> read_began_ns_ = 0;
  std::atomic<int> blocked_ = 0;  // size of late_

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::shared_ptr<Reading> current_;            // of the thread that has the role
  std::vector<std::shared_ptr<Reading>> late_;  // of threads that lost it, until all their events are taken
  std::shared_ptr<Reading> handed_out_;         // by take_late(): the caller is reading its buffer
  std::optional<std::uint64_t> blocked_since_ns_;
  int spares_ = 0;
  bool loop_ended_ = false;
  bool stopping_ = false;
  CpuTime cpu_time_;
};

Status ReadRelay::State::open() {
  auto event = WakeEvent::create();
  if (!event) return event.error();
  wake_event_ = std::move(*event);
  return {};
}

Status ReadRelay::State::start(Read read) {
  const std::lock_guard lock(mutex_);
  read_ = std::move(read);
  current_ = std::make_shared<Reading>();
  try {
    if (read_) spawn_spare();
    std::thread([self = shared_from_this()] { self->run_reader(); }).detach();
  } catch (const std::system_error& failure) {
    loop_ended_ = true;
    return Error{"cannot start the reader thread", {}, failure.code().value(), {}};
  }
  return {};
}

// Precondition: the mutex is held. Throws std::system_error.
void ReadRelay::State::spawn_spare() {
  std::thread([self = shared_from_this()] { self->run_spare(); }).detach();
  ++spares_;
}

// If no spare can be started, the reader keeps its role.
bool ReadRelay::State::find_successor() {
  if (blocked_.load(std::memory_order_relaxed) >= kMaxBlocked) return false;
  try {
    spawn_spare();
  } catch (const std::system_error&) {
    return false;
  }
  return true;
}

void ReadRelay::State::run_spare() {
  ::pthread_setname_np(::pthread_self(), "rfan-spare");
  // The spare must run when it is needed, however busy the machine is.
  set_reader_priority(ReaderPriority::kRealTime);
  const auto mine = std::make_shared<Reading>();
  const bool has_role = await_role(mine);
  {
    const std::lock_guard lock(mutex_);
    --spares_;
    changed_.notify_all();
  }
  if (has_role) run_reader();
}

void ReadRelay::State::run_reader() {
  std::unique_lock lock(mutex_);
  const auto mine = current_;
  lock.unlock();
  loop_();
  const auto used = thread_cpu_time();
  lock.lock();
  cpu_time_.user_ns += used.user_ns;
  cpu_time_.system_ns += used.system_ns;
  if (mine != current_) return;  // another thread has the role, and the loop goes on there
  loop_ended_ = true;
  changed_.notify_all();
}

void ReadRelay::State::stop() {
  std::unique_lock lock(mutex_);
  if (current_ == nullptr) return;
  changed_.wait(lock, [this] { return loop_ended_; });
  stopping_ = true;
  changed_.notify_all();
  changed_.wait(lock, [this] { return spares_ == 0; });
  // If any is blocked, a thread is still inside read_.
  if (blocked() == 0) read_ = nullptr;
}

std::optional<PermissionBytes> ReadRelay::State::read(std::size_t max_events, std::uint64_t now_ns) {
  Reading& mine = *current_;
  const auto room = std::span(mine.buffer).first(std::min(max_events, kMaxEvents) * kKernelEventBytes);
  std::memset(mine.buffer.data(), 0, mine.used);
  mine.used = 0;
  read_began_ns_.store(now_ns, std::memory_order_relaxed);
  auto turn = turn_.fetch_add(1, std::memory_order_acq_rel) + 1;
  const long bytes = read_(room);
  if (!turn_.compare_exchange_strong(turn, turn + 1, std::memory_order_acq_rel)) {
    hand_over(mine, bytes);
    return std::nullopt;
  }
  if (bytes < 0) return PermissionBytes{{}, static_cast<int>(-bytes)};
  mine.used = static_cast<std::size_t>(bytes);
  return PermissionBytes{room.first(mine.used), 0};
}

// Precondition: `mine` is in late_. It may be destroyed once it is done.
void ReadRelay::State::hand_over(Reading& mine, long bytes) {
  {
    const std::lock_guard lock(mutex_);
    mine.done = true;
    mine.available = bytes < 0 ? mine.taken : static_cast<std::size_t>(bytes);
    mine.error = bytes < 0 ? static_cast<int>(-bytes) : 0;
  }
  wake_event_.wake();
}

// The kernel may still be writing the newest event; events seen one tick ago are complete.
void ReadRelay::State::look_at(Reading& reading) {
  reading.available = reading.looked_at;
  while (reading.looked_at < reading.buffer.size()) {
    // fanotify_event_metadata::event_len, zero where nothing was written.
    auto* const length = reinterpret_cast<std::uint32_t*>(reading.buffer.data() + reading.looked_at);
    if (std::atomic_ref(*length).load(std::memory_order_acquire) != kKernelEventBytes) break;
    reading.looked_at += kKernelEventBytes;
  }
}

// Returns false at the end of the recording, or if the read() returned after all; then the successor watches.
bool ReadRelay::State::await_role(const std::shared_ptr<Reading>& mine) {
  std::unique_lock lock(mutex_);
  std::uint64_t seen = 0;
  int looks = 0;  // at the current read()
  for (;;) {
    const auto tick = late_.empty() ? tick_ : kAlertTick;
    if (changed_.wait_for(lock, tick, [this] { return stopping_; })) return false;
    bool has_more = false;
    for (const auto& each : late_) {
      if (!each->done) look_at(*each);
      has_more = has_more || each->taken < each->available;
    }
    if (has_more) wake_event_.wake();
    const auto turn = turn_.load(std::memory_order_acquire);
    if (turn % 2 == 0 || turn != seen) {
      seen = turn;
      looks = 0;
      continue;
    }
    if (looks++ == 0) current_->looked_at = 0;
    look_at(*current_);
    if (looks < 2 || !find_successor()) continue;
    return take_role(seen, mine);
  }
}

bool ReadRelay::State::take_role(std::uint64_t seen, const std::shared_ptr<Reading>& mine) {
  const auto began_ns = read_began_ns_.load(std::memory_order_relaxed);
  if (!turn_.compare_exchange_strong(seen, seen + 1, std::memory_order_acq_rel)) return false;
  late_.push_back(std::exchange(current_, mine));
  blocked_.fetch_add(1, std::memory_order_relaxed);
  blocked_since_ns_ = began_ns;
  return true;
}

std::optional<PermissionBytes> ReadRelay::State::take_late(std::size_t max_events) {
  if (blocked() == 0) return std::nullopt;
  const std::lock_guard lock(mutex_);
  for (auto each = late_.begin(); each != late_.end();) {
    handed_out_ = *each;
    Reading& late = *handed_out_;
    const auto size = std::min(max_events * kKernelEventBytes, late.available - late.taken);
    const auto begin = std::exchange(late.taken, late.taken + size);
    const auto error = size == 0 ? std::exchange(late.error, 0) : 0;
    const bool through = late.done && late.taken == late.available && late.error == 0;
    if (through) {
      each = late_.erase(each);
      blocked_.fetch_sub(1, std::memory_order_relaxed);
    } else {
      ++each;
    }
    if (size != 0 || error != 0) return PermissionBytes{std::span(late.buffer).subspan(begin, size), error};
  }
  return std::nullopt;
}

std::optional<std::uint64_t> ReadRelay::State::take_blocked_since() {
  const std::lock_guard lock(mutex_);
  return std::exchange(blocked_since_ns_, std::nullopt);
}

ReadRelay::ReadRelay(std::chrono::milliseconds tick, std::function<void()> loop)
    : state_(std::make_shared<State>(tick, std::move(loop))) {}

ReadRelay::~ReadRelay() {
  stop();
}

Status ReadRelay::open() {
  return state_->open();
}

Status ReadRelay::start(Read read) {
  return state_->start(std::move(read));
}

void ReadRelay::stop() {
  state_->stop();
}

const WakeEvent& ReadRelay::wake_event() const {
  return state_->wake_event();
}

std::optional<PermissionBytes> ReadRelay::read(std::size_t max_events, std::uint64_t now_ns) {
  return state_->read(max_events, now_ns);
}

std::optional<PermissionBytes> ReadRelay::take_late(std::size_t max_events) {
  return state_->take_late(max_events);
}

std::optional<std::uint64_t> ReadRelay::take_blocked_since() {
  return state_->take_blocked_since();
}

int ReadRelay::blocked() const {
  return state_->blocked();
}

CpuTime ReadRelay::cpu_time() const {
  return state_->cpu_time();
}

}  // namespace rfan::recorder
