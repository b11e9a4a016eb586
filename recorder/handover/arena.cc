#include "recorder/handover/arena.h"

#include <poll.h>

#include <algorithm>
#include <cassert>
#include <new>

namespace rfan::recorder {

void Arena::clear() {
  raw_bytes = 0;
  event_count = 0;
  batch_count = 0;
  process_log_end = 0;
  notified_until_ns = 0;
  missing = {};
  process_facts_lost = 0;
}

void ArenaQueue::push(Arena* arena) {
  const auto tail = tail_.load(std::memory_order_relaxed);
  const auto next = (tail + 1) % slots_.size();
  assert(next != head_.load(std::memory_order_acquire));
  slots_[tail] = arena;
  tail_.store(next, std::memory_order_release);
}

Arena* ArenaQueue::pop() {
  const auto head = head_.load(std::memory_order_relaxed);
  if (head == tail_.load(std::memory_order_acquire)) return nullptr;
  Arena* arena = slots_[head];
  head_.store((head + 1) % slots_.size(), std::memory_order_release);
  return arena;
}

std::size_t ArenaQueue::size() const {
  const auto head = head_.load(std::memory_order_acquire);
  const auto tail = tail_.load(std::memory_order_acquire);
  return (tail + slots_.size() - head) % slots_.size();
}

void FreeArenas::push(Arena* arena) {
  size_.fetch_add(1,
                  std::memory_order_relaxed);  // first, so that size_ never falls below the number of arenas
  arena->next_free = head_.load(std::memory_order_relaxed);
  while (!head_.compare_exchange_weak(arena->next_free, arena, std::memory_order_release,
                                      std::memory_order_relaxed)) {
  }
}

Arena* FreeArenas::pop() {
  Arena* arena = head_.load(std::memory_order_acquire);
  while (arena != nullptr &&
         !head_.compare_exchange_weak(arena, arena->next_free, std::memory_order_acquire)) {
  }
  if (arena != nullptr) size_.fetch_sub(1, std::memory_order_relaxed);
  return arena;
}

Result<std::unique_ptr<ArenaPool>> ArenaPool::create() {
  auto memory = LockedMemory::allocate(kArenas * sizeof(Arena), "event arenas");
  if (!memory) return memory.error();
  memory->populate(kReady * sizeof(Arena));
  auto wake_event = WakeEvent::create();
  if (!wake_event) return wake_event.error();
  return std::unique_ptr<ArenaPool>(new ArenaPool(std::move(*memory), std::move(*wake_event)));
}

ArenaPool::ArenaPool(LockedMemory memory, WakeEvent wake_event)
    : memory_(std::move(memory)), wake_event_(std::move(wake_event)) {
  for (std::size_t i = kArenas; i-- > 0;) free_.push(new (memory_.data() + i * sizeof(Arena)) Arena);
}

void ArenaPool::give_back(Arena* arena) {
  queued_events_.fetch_sub(arena->event_count, std::memory_order_relaxed);
  free_.push(arena);
}

void ArenaPool::publish(Arena* arena) {
  const auto before = queued_events_.fetch_add(arena->event_count, std::memory_order_relaxed);
  queue_high_water_ = std::max(queue_high_water_, before + arena->event_count);
  filled_.push(arena);
  // Pairs with the exchange in take_filled(): either we see that the writer sleeps, or it sees the arena.
  if (writer_sleeps_.exchange(false, std::memory_order_acq_rel)) wake();
}

Arena* ArenaPool::take_filled(int timeout_ms) {
  if (Arena* arena = filled_.pop()) return arena;
  writer_sleeps_.exchange(true, std::memory_order_acq_rel);
  Arena* arena = filled_.pop();
  if (arena == nullptr) {
    pollfd wait_for{wake_event_.fd(), POLLIN, 0};
    ::poll(&wait_for, 1, timeout_ms);
    wake_event_.clear();
    arena = filled_.pop();
  }
  writer_sleeps_.store(false, std::memory_order_relaxed);
  return arena;
}

}  // namespace rfan::recorder
