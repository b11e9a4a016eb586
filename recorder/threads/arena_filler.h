// The arena that the reader thread fills, from the pool and back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "recorder/handover/arena.h"
#include "recorder/handover/process_log.h"
#include "recorder/kernel/kernel_events.h"
#include "recorder/processes/process_tracker.h"

namespace rfan::recorder {

// One read() of a group: its bytes as the kernel wrote them, and when it queued the events (CLOCK_MONOTONIC).
struct EventRead {
  // In the arena (notification group), or valid until the next read() of the permission group.
  std::span<const std::byte> bytes{};
  std::uint64_t since_ns = 0;
  std::uint64_t until_ns = 0;
  bool is_late = false;  // a blocked read() had brought it
};

// Several reads share an arena until the writer wants it. Reader thread; never waits or allocates. All
// references must outlive this. Its functions are many and short: it is the only one that touches the arena.
class ArenaFiller {
 public:
  // The longest event is a rename: metadata, three handles of at most 128 bytes, two names of at most 255.
  static constexpr std::size_t kMaxEventBytes = 2048;
  // An arena that is not full is published when its first event is this old. Each publishing wakes the
  // writer, which then takes a CPU for about 5 us an event: every 1 ms that met one open in 30, and p99
  // was 2.8 times that of a bare loop; every 10 ms it meets one in 300.
  static constexpr std::uint64_t kMaxAgeNs = 10'000'000;

  ArenaFiller(ArenaPool& pool, ProcessLog& log, ProcessTracker& tracker)
      : pool_(pool), log_(log), tracker_(tracker) {}

  // Makes sure that there is an arena with room for the longest event; publishes a full one. Returns false
  // when the writer has them all.
  bool obtain();
  bool has_events() const { return arena_ != nullptr && !arena_->empty(); }
  // Precondition of all below, but publish(): obtain() was true, and nothing was published since.
  // Whether the longest event fits, and a batch of `waiting` events of the permission group after it.
  bool has_room(std::size_t waiting = 0) const;
  // One place stays free: add_next() needs it to find the end.
  std::size_t free_events() const { return Arena::kMaxEvents - 1 - arena_->event_count; }
  // Returns memory for a read of notification events that leaves room for `waiting` permission events.
  // Precondition: has_room(waiting).
  std::span<std::byte> free_bytes(std::size_t waiting);
  // Takes in the first `bytes` of free_bytes(). Returns them.
  std::span<const std::byte> append(std::size_t bytes);

  // `read_ns`: the time that the trace will show.
  Arena::Batch& begin_batch(Arena::Source source, const EventRead& read, std::uint64_t read_ns);
  // Parses the next event of the read into the batch, right where it stays: a copy costs 3 ns. Returns it, of
  // no image so far, or null at the end of `walker`.
  EventHead* add_next(KernelEventWalker& walker);

  // Hands over to the writer what there is, if anything. The next obtain() begins another arena.
  void publish();
  // Publishes the arena and begins another. Returns false, and does nothing, where there is no other.
  bool begin_another();
  // Whether what there is should not wait any longer.
  bool is_due(std::uint64_t now_ns) const;

  // Losses that no event shows. The next arena carries them.
  Arena::Missing& missing() { return missing_; }
  const Arena::Missing& missing() const { return missing_; }

  // Every notification event that was queued before this time has been read (CLOCK_MONOTONIC).
  std::uint64_t notified_until_ns() const { return notified_until_ns_; }
  void set_notified_until(std::uint64_t ns) { notified_until_ns_ = ns; }

  std::uint32_t high_water() const { return high_water_; }  // arenas in use at a time

 private:
  // So many of the shortest events have the size of the longest.
  static constexpr std::size_t kMinFreeEvents = (kMaxEventBytes + kKernelEventBytes - 1) / kKernelEventBytes;

  ArenaPool& pool_;
  ProcessLog& log_;
  ProcessTracker& tracker_;
  Arena* arena_ = nullptr;
  std::uint64_t since_ns_ = 0;  // first event in it
  std::uint64_t published_log_end_ = 0;
  std::uint64_t notified_until_ns_ = 0;
  Arena::Missing missing_;  // since the last arena was published
  std::uint32_t high_water_ = 0;
};

}  // namespace rfan::recorder
