// The reader thread's work: takes events from the kernel, names their processes, answers, hands over.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>

#include "recorder/handover/live_statistics.h"
#include "recorder/kernel/event_source.h"
#include "recorder/kernel/read_relay.h"
#include "recorder/system/clock.h"
#include "recorder/threads/arena_filler.h"
#include "recorder/threads/event_intake.h"
#include "recorder/threads/process_watch.h"
#include "recorder/threads/responder.h"

namespace rfan::recorder {

// One turn: read() into an arena → drain the process side band → attribute every event (reading /proc of a
// waiting process that is new) → answer all permission events with one writev → stamp.
//
// Reader thread. No turn makes a system call that can wait for a watched filesystem: it does not allocate,
// log, or open anything but files of /proc and pidfds. It waits for the writer at most kMaxThrottleNs per
// shortage; then drop() answers and counts the loss. A good half of its members are the parts of a turn, its
// functions are the steps; the policies lie in the parts.
class CaptureTurns {
 public:
  struct Options {
    std::int64_t descriptor_budget = 0;         // event descriptors that may be open at a time
    std::optional<Responder::Denial> denial{};  // fault injection
  };
  struct Sources {
    PermissionReads* permissions = nullptr;  // null: there is no permission group
    EventSource* responses = nullptr;        // the same group, for responses
    EventSource* notifications = nullptr;    // null: there is no notification group
  };
  // Where a turn hands over to. All references must outlive the turns.
  struct Surroundings {
    ArenaPool& arenas;
    ProcessLog& log;
    LiveStatistics& live;
    const Clock& clock;
    std::function<void()> beat;  // called while it waits for room
  };

  // The last poll() tells this of the queues (ReaderPoll).
  struct Hints {
    bool permission_queue_is_empty = false;
    bool users_are_known = false;
  };
  enum class Found : std::uint8_t {
    kNothing,
    kEvents,
    kRoleGone,  // another thread is the reader by now: touch nothing any more
  };
  struct Turn {
    Found found = Found::kNothing;
    std::optional<std::int64_t> openers{};  // that waited; nothing: no permission event was taken
    std::uint64_t read_ns = 0;              // CLOCK_MONOTONIC
    std::size_t notified = 0;               // notification events
    bool was_late = false;                  // a blocked read() had brought them: there may be more
  };

  CaptureTurns(Options options, const Sources& sources, ProcessWatch& processes, Surroundings surroundings);

  CaptureTurns(const CaptureTurns&) = delete;
  CaptureTurns& operator=(const CaptureTurns&) = delete;

  // Waits for an arena with space, and for descriptors to fill it. Returns false when they did not come in
  // time, or when `stopping` is set.
  bool make_room(const std::atomic<bool>& stopping);
  bool is_short_of_room() const { return shortage_since_ns_ != 0; }
  // Takes what is queued. Precondition: make_room() returned true.
  Turn take(const Hints& hints);
  // Answers permission events that there is no room for, and counts them as lost. Notification events stay in
  // the kernel's queue: nobody waits for them.
  Turn drop();

  // The kernel's bytes could not be understood, so that somebody may wait for an answer that never comes:
  // only closing the group lets him go.
  bool gave_up() const { return gave_up_; }

  ArenaFiller& arena() { return arena_; }
  const ArenaFiller& arena() const { return arena_; }
  EventIntake& intake() { return intake_; }

 private:
  // A shortage of arenas or descriptors holds the openers back this long at most before events are given up:
  // long enough for a writer that waits for its CPU among ten other threads, too short to look like a hang.
  static constexpr std::uint64_t kMaxThrottleNs = 250'000'000;

  void enter_all_notified_before(const EventRead& permissions, Turn& turn);
  void enter_notifications(const EventRead& read, Turn& turn);
  void enter_permissions(const EventRead& read, Turn& turn);
  EventHead* enter_next(KernelEventWalker& walker);
  void count_dropped(std::uint64_t events, std::uint64_t now_ns);
  void count_seen(std::uint64_t events);
  void note_unreadable();

  ProcessWatch& processes_;
  ArenaPool& arenas_;
  LiveStatistics& live_;
  const Clock& clock_;
  std::function<void()> beat_;
  ArenaFiller arena_;
  EventIntake intake_;
  Responder responder_;
  std::uint64_t shortage_since_ns_ = 0;  // 0: there is room
  std::uint32_t own_pid_;
  bool gave_up_ = false;
};

}  // namespace rfan::recorder
