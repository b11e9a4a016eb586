// Arenas: the fixed memory that carries event batches from the reader thread to the writer thread and back.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <type_traits>
#include <vector>

#include "recorder/handover/process_log.h"
#include "recorder/kernel/kernel_events.h"
#include "recorder/system/locked_memory.h"
#include "recorder/system/wake_event.h"

namespace rfan::recorder {

// One event of an arena: all that the reader thread found out about it. The writer thread parses nothing but
// its records. It has no initial values, so unused memory stays untouched.
struct EventHead {
  KernelEvent kernel;
  ImageSerial image;  // that caused it, as far as the reader knew; 0: unknown, or an event of our own
  // Its records in Arena::raw; empty in the permission group.
  std::uint32_t records_begin;
  std::uint16_t records_bytes;
  bool own;     // the recorder caused it: its descriptor must be closed, nothing else is done with it
  bool denied;  // by --deny
};
static_assert(sizeof(EventHead) == 24 && std::is_trivially_default_constructible_v<EventHead>);

// The events of several read()s. The thread that took it from a queue owns it.
struct Arena {
  static constexpr std::size_t kMaxEvents = 4096;
  static constexpr std::size_t kRawBytes = kMaxEvents * kKernelEventBytes;
  static constexpr std::size_t kMaxBatches = kMaxEvents;  // a lone opener makes batches of one event

  enum class Source : std::uint8_t { kPermissionGroup, kNotificationGroup };
  // One read(). It has no initial values, so unused memory stays untouched. Times are CLOCK_MONOTONIC.
  struct Batch {
    std::uint32_t first_event;  // in `events`; the next batch begins where this one ends
    Source source;
    // Permission group only. True if the notification group had been read to its end when these events were
    // read. Then everything that a waiting process did before is in this arena or an earlier one.
    bool follows_notifications;
    std::uint64_t since_ns;     // the kernel queued its events at this time or later
    std::uint64_t until_ns;     // ... and at this time or earlier
    std::uint64_t read_ns;      // shown in the trace: when the turn's first read() had returned
    std::uint64_t answered_ns;  // when the last response of the batch was written
  };

  // Events that the reader took from the kernel, or failed to take, and could not put into an arena.
  struct Missing {
    std::uint64_t dropped = 0;  // events answered but not recorded, for lack of room
    std::uint64_t dropped_first_ns = 0;
    std::uint64_t dropped_last_ns = 0;
    // Failed reads: the kernel could not open a descriptor for an event, and denied the open.
    std::uint64_t failed_reads = 0;
    // Reads with bytes that are not an event of the known version. The rest of such a read is lost.
    std::uint64_t unreadable_reads = 0;

    // How often the reader was late, so that openers waited.
    std::uint64_t stalls = 0;
    std::uint64_t stalled_since_ns = 0;
    std::uint64_t stalled_until_ns = 0;

    // How often a CPU came online. Its processes were invisible until its side band was opened.
    std::uint64_t unwatched_cpus = 0;

    bool none() const {
      return dropped == 0 && failed_reads == 0 && unreadable_reads == 0 && stalls == 0 && unwatched_cpus == 0;
    }
  };

  Arena* next_free = nullptr;  // FreeArenas

  std::size_t raw_bytes = 0;
  std::size_t event_count = 0;
  std::size_t batch_count = 0;
  std::uint64_t process_log_end = 0;  // ProcessLog position that covers every image in here
  // Every notification event queued before this time is in this arena or an earlier one.
  std::uint64_t notified_until_ns = 0;

  Missing missing;  // since the previous arena was published
  // Process notifications lost since then, because the kernel's ring or our log was full.
  std::uint64_t process_facts_lost = 0;

  std::array<Batch, kMaxBatches> batches;
  std::array<EventHead, kMaxEvents> events;
  alignas(8) std::array<std::byte, kRawBytes> raw;  // of the notification group, as the kernel wrote them

  bool empty() const { return event_count == 0 && missing.none() && process_facts_lost == 0; }
  void clear();
  // Precondition: `batch` is one of `batches`.
  std::span<const EventHead> events_of(const Batch& batch) const {
    const Batch* const next = &batch + 1;
    const auto end = next == batches.data() + batch_count ? event_count : next->first_event;
    return std::span(events).subspan(batch.first_event, end - batch.first_event);
  }
  std::span<const std::byte> records_of(const EventHead& event) const {
    return std::span(raw).subspan(event.records_begin, event.records_bytes);
  }
  std::span<std::byte> free_raw() { return std::span(raw).subspan(raw_bytes); }
};

// Bounded lock-free queue of arenas for a single producer and a single consumer. push() and pop() make no
// system calls.
class ArenaQueue {
 public:
  explicit ArenaQueue(std::size_t capacity) : slots_(capacity + 1) {}
  void push(Arena* arena);  // precondition: fewer than `capacity` queued (no more arenas exist)
  Arena* pop();             // null when empty
  std::size_t size() const;

 private:
  std::vector<Arena*> slots_;
  alignas(64) std::atomic<std::size_t> head_ = 0;
  alignas(64) std::atomic<std::size_t> tail_ = 0;
};

// Unused arenas, lock-free. One thread calls push(), another pop(). Returns the most recently used arena
// first, so only as many arenas occupy memory as were ever in use at a time.
class FreeArenas {
 public:
  void push(Arena* arena);
  Arena* pop();  // null when there is none
  std::size_t size() const { return size_.load(std::memory_order_relaxed); }

 private:
  // Only one thread pops, so the arena after the head cannot change between the load and the exchange.
  std::atomic<Arena*> head_ = nullptr;
  std::atomic<std::size_t> size_ = 0;
};

// All arenas of a recording and their cycle: free → reader → filled → writer → free.
class ArenaPool {
 public:
  // 32 arenas hold 131,072 events. Most recordings use at most four. Those four occupy memory from the start;
  // the others (350 KB each) do so once they are needed.
  static constexpr std::size_t kArenas = 32;
  static constexpr std::size_t kReady = 4;

  static Result<std::unique_ptr<ArenaPool>> create();

  // Reader thread.
  Arena* take_free() { return free_.pop(); }  // null: the writer has them all
  void publish(Arena* arena);                 // wakes the writer only if it sleeps
  // Events that are published and not yet given back; any thread.
  std::uint64_t queued_events() const { return queued_events_.load(std::memory_order_relaxed); }
  // The maximum of queued_events().
  std::uint64_t queue_high_water() const { return queue_high_water_; }
  std::size_t in_use() const { return kArenas - free_.size(); }

  // Writer thread. Returns the oldest filled arena. Returns null after `timeout_ms` without one (-1: no
  // timeout) or after wake().
  Arena* take_filled(int timeout_ms);
  void give_back(Arena* arena);

  // Either thread. Returns whether the writer has taken every filled arena.
  bool writer_is_abreast() const { return filled_.size() == 0; }

  // Any thread. Makes take_filled() return early.
  void wake() { wake_event_.wake(); }

  // Number of event descriptors in arenas; each stays open until the writer closes it. The reader adds, the
  // writer subtracts.
  std::atomic<std::int64_t> open_descriptors = 0;

 private:
  ArenaPool(LockedMemory memory, WakeEvent wake_event);

  LockedMemory memory_;
  WakeEvent wake_event_;
  std::atomic<bool> writer_sleeps_ = false;
  std::atomic<std::uint64_t> queued_events_ = 0;
  std::uint64_t queue_high_water_ = 0;  // reader thread
  FreeArenas free_;
  ArenaQueue filled_{kArenas};
};

}  // namespace rfan::recorder
