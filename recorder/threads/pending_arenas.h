// Arenas whose events were looked up, until the renames that came in between are known too.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "recorder/names/pending_events.h"

namespace rfan::recorder {

// A descriptor is looked up some milliseconds after its event, and shows what its file is called by then. So
// the events of an arena wait until all notification events up to the look-up are known, or none has come for
// kMaxWaitNs. Oldest first. Writer thread.
class PendingArenas {
 public:
  // The reader publishes what it has read after 10 ms (ArenaFiller), later where it waits for a CPU: with 20
  // ms here 6 of 60 runs of the kernel tests of it missed a rename on a busy machine. Where events go on, the
  // arenas tell. The descriptors keep their filesystem busy for so long.
  static constexpr std::uint64_t kMaxWaitNs = 50'000'000;
  // A file that goes on being moved is written as it is found after this.
  static constexpr std::uint64_t kMaxSettleNs = 4 * kMaxWaitNs;

  bool empty() const { return arenas_.empty(); }
  // Returns empty events to fill, with the memory of written ones.
  PendingEvents begin();
  // Times are CLOCK_MONOTONIC. `end_position`: in the stream, of the latest event.
  void push(PendingEvents events, std::uint64_t end_position, std::uint64_t now_ns);

  PendingEvents& oldest() { return arenas_.front(); }
  // Whether all moves before the look-up of the oldest are known. Without a descriptor there is no path that
  // they could change.
  bool oldest_is_settled(std::uint64_t notified_until_ns) const;
  // Returns when the oldest is written, however little is known. UINT64_MAX: there is none.
  std::uint64_t due_ns() const;
  // The oldest waits again: a move of one of its files is still to come.
  void postpone(std::uint64_t now_ns) { arenas_.front().looked_up_ns = now_ns; }
  void pop();

 private:
  std::deque<PendingEvents> arenas_;
  std::vector<PendingEvents> spare_;  // written, kept for their memory
};

}  // namespace rfan::recorder
