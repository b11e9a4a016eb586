// Arenas: the fixed memory in which event batches travel from the reader thread to the writer thread and
// back.
#pragma once

#include <array>
#include <atomic>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "recorder/handover/process_log.h"
#include "recorder/kernel/kernel_events.h"
#include "recorder/system/locked_memory.h"
#include "recorder/system/wake_event.h"

namespace rfan::recorder {

// The bytes of several read()s as the kernel wrote them, and beside each event the image that caused it.
// Owned by one thread at a time: whoever took it from a queue.
struct Arena {
  static constexpr std::size_t kMaxEvents = 4096;
  static constexpr std::size_t kRawBytes = kMaxEvents * kKernelEventBytes;
  static constexpr std::size_t kMaxBatches = kMaxEvents;  // a lone opener makes batches of one event
  // Marks an event that the recorder itself caused: its descriptor is to be closed, nothing else.
  static constexpr ImageSerial kOwnEvent = UINT32_MAX;

  enum class Source : std::uint8_t { kPermissionGroup, kNotificationGroup };
  // One read(). Without initial values: memory that is not used is not touched. Times are CLOCK_MONOTONIC.
  struct Batch {
    std::uint32_t raw_begin;  // its bytes in `raw`
    std::uint32_t raw_end;
    std::uint32_t first_image;  // of its first event in `images`
    Source source;
    // Permission group: when these events were read, the notification group had been read to its end, so that
    // all that a held process had done before is in this arena or an earlier one.
    bool follows_notifications;
    std::uint64_t since_ns;     // the kernel queued none of its events before this time
    std::uint64_t until_ns;     // ... nor after this
    std::uint64_t read_ns;      // the time that the trace shows: the turn's first read() had returned
    std::uint64_t answered_ns;  // when the last response of the batch had been written
  };

  // What the reader took from the kernel, or failed to, and could not put into an arena.
  struct Missing {
    std::uint64_t dropped = 0;  // events that were answered, for lack of room
    std::uint64_t dropped_first_ns = 0;
    std::uint64_t dropped_last_ns = 0;
    // Reads that failed because the kernel could not open a descriptor for an event, which it then denied.
    std::uint64_t failed_reads = 0;
    // Reads that held bytes which are no event of the known version: what was in them behind those is lost.
    std::uint64_t unreadable_reads = 0;

    // Times that the reader did not come round, so that openers waited.
    std::uint64_t stalls = 0;
    std::uint64_t stalled_since_ns = 0;
    std::uint64_t stalled_until_ns = 0;

    // Times that a CPU came online, whose processes went unseen until its side band was opened.
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
  // Every notification event that was queued before this time is in this arena or an earlier one.
  std::uint64_t notified_until_ns = 0;

  Missing missing;  // since the arena before this one was published
  // Process notifications lost likewise (the kernel's ring or our log was full).
  std::uint64_t process_facts_lost = 0;

  std::bitset<kMaxEvents> denied;  // by us, in the order of `images`
  std::array<Batch, kMaxBatches> batches;
  std::array<ImageSerial, kMaxEvents> images;
  alignas(8) std::array<std::byte, kRawBytes> raw;

  bool empty() const { return event_count == 0 && missing.none() && process_facts_lost == 0; }
  void clear();
  std::span<const std::byte> bytes_of(const Batch& batch) const {
    return std::span(raw).subspan(batch.raw_begin, batch.raw_end - batch.raw_begin);
  }
  std::span<std::byte> free_raw() { return std::span(raw).subspan(raw_bytes); }
};

// Bounded queue of arenas, single producer, single consumer, lock-free; push() and pop() never make a system
// call.
class ArenaQueue {
 public:
  explicit ArenaQueue(std::size_t capacity) : slots_(capacity + 1) {}
  void push(Arena* arena);  // precondition: fewer than `capacity` in it (there are no more arenas than that)
  Arena* pop();             // null when empty
  std::size_t size() const;

 private:
  std::vector<Arena*> slots_;
  alignas(64) std::atomic<std::size_t> head_ = 0;
  alignas(64) std::atomic<std::size_t> tail_ = 0;
};

// Arenas that nobody uses. push() by any one thread, pop() by another, lock-free. The one that was given back
// last comes first: only as many arenas are in memory as were ever in use at a time.
class FreeArenas {
 public:
  void push(Arena* arena);
  Arena* pop();  // null when there is none
  std::size_t size() const { return size_.load(std::memory_order_relaxed); }

 private:
  // Only one thread pops, so that what is behind the head cannot change between the look and the exchange.
  std::atomic<Arena*> head_ = nullptr;
  std::atomic<std::size_t> size_ = 0;
};

// All arenas of a recording and the way they go round: free → reader → filled → writer → free.
class ArenaPool {
 public:
  // 32 arenas hold 131,072 events. Most recordings use four at most: those are in memory from the start, the
  // others (270 KB each) once they are needed.
  static constexpr std::size_t kArenas = 32;
  static constexpr std::size_t kReady = 4;

  static Result<std::unique_ptr<ArenaPool>> create();

  // Reader thread.
  Arena* take_free() { return free_.pop(); }  // null: the writer has them all
  void publish(Arena* arena);                 // wakes the writer only if it sleeps
  // Events that were published and not yet given back; any thread.
  std::uint64_t queued_events() const { return queued_events_.load(std::memory_order_relaxed); }
  // Most of them at a time.
  std::uint64_t queue_high_water() const { return queue_high_water_; }
  std::size_t in_use() const { return kArenas - free_.size(); }

  // Writer thread. The oldest filled arena; null after `timeout_ms` without one (-1: no timeout) or after
  // wake().
  Arena* take_filled(int timeout_ms);
  void give_back(Arena* arena);

  // Either thread: whether the writer has taken everything there is.
  bool writer_is_abreast() const { return filled_.size() == 0; }

  // Any thread: lets take_filled() return early.
  void wake() { wake_event_.wake(); }

  // Event descriptors in arenas, each open until the writer closed it. The reader adds, the writer subtracts.
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
