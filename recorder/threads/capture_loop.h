// The reader thread: takes events from the kernel, names their processes, answers, hands over.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "format/base/error.h"
#include "format/model/event.h"
#include "recorder/choice/deny_rules.h"
#include "recorder/handover/arena.h"
#include "recorder/handover/live_statistics.h"
#include "recorder/kernel/fanotify_group.h"
#include "recorder/kernel/process_events.h"
#include "recorder/kernel/read_relay.h"
#include "recorder/names/path_resolver.h"
#include "recorder/processes/process_tracker.h"
#include "recorder/system/clock.h"
#include "recorder/system/guardian.h"
#include "recorder/system/wake_event.h"

namespace rfan::recorder {

// One turn: read() into an arena → drain the process side band → attribute every event (reading /proc of a
// held process that is new) → answer all held events with one writev → stamp → read the programs of the
// others until an opener waits → go on with the same arena until the writer wants it. Then it sleeps until
// there is more. It does not spin before: on an idle virtual machine that halves the latency of a lone opener
// (no wake-up of an idle CPU), but it takes a CPU from the load, and on a busy machine the opener then waits
// for its own (bench/README.md).
//
// After start() the thread "rfan-reader" owns everything here but the atomics; where its read() of held
// events blocks, another thread takes its place (ReadRelay). It makes no other system call that can wait for
// a watched filesystem: it does not allocate, log, or open anything but files of /proc and pidfds, and it
// waits for the writer at most kMaxThrottleNs per shortage; then it answers and counts the loss.
class CaptureLoop {
 public:
  // Fault injection. Only what is recorded is denied, so that every denial is in the trace: whose event is
  // given up for lack of room, or whose process is not known for certain, gets its file.
  struct Denial {
    const DenyRules& rules;
    const RecordFilter& filter;
    PathResolver names;
  };
  struct Options {
    int cpu = -1;                        // to be pinned to; -1: the last one this process may run on
    std::int64_t descriptor_budget = 0;  // event descriptors that may be open at a time
    std::optional<Denial> denial{};
    // No open is held: what is told may wait a little, so that it is read many at a time.
    bool gathers_told = false;
    const WakeEvent* failure_event = nullptr;  // not owned: woken when gave_up()
  };

  // Either group may be null, not both. All references must outlive the loop.
  CaptureLoop(Options options, FanotifyGroup* held, FanotifyGroup* told, ArenaPool& arenas, ProcessLog& log,
              std::optional<ProcessEvents> events, ProcessTracker tracker, Guardian& guardian,
              LiveStatistics& live);
  ~CaptureLoop();  // stop()

  Status start();
  // Remove the marks first. Answers what is still queued, publishes the last arena, ends the thread.
  void stop();

  // Any thread: the kernel's bytes could not be understood, so that somebody may wait for an answer that
  // never comes. End the recording.
  bool gave_up() const { return gave_up_.load(std::memory_order_acquire); }

  // After stop().
  // What no arena could tell of any more.
  const Arena::Missing& unpublished() const { return missing_; }
  std::uint64_t process_reads() const { return tracker_.process_reads(); }
  std::uint64_t process_read_ns() const { return tracker_.process_read_ns(); }
  CpuTime cpu_time() const { return relay_.cpu_time(); }
  std::uint32_t arenas_high_water() const { return arenas_high_water_; }

 private:
  // A shortage of arenas or descriptors holds the openers back this long at most before events are given up:
  // long enough for a writer that waits for its CPU among ten other threads, too short to look like a hang.
  static constexpr std::uint64_t kMaxThrottleNs = 250'000'000;
  // An arena that is not full is published when its first event is this old. Each publishing wakes the
  // writer, which then takes a CPU for about 5 us an event: every 1 ms that met one open in 30, and p99
  // was 2.8 times that of a bare loop; every 10 ms it meets one in 300.
  static constexpr std::uint64_t kMaxArenaAgeNs = 10'000'000;

  // So many opens within such a time that did not wait alone are a storm: ten times what a parallel compile
  // makes, half of what 16 threads make that do nothing else.
  static constexpr std::uint64_t kStormWindowNs = 10'000'000;
  static constexpr std::int64_t kStormOpens = 100;

  // A reader that did not come round for longer enters that as a stall.
  static constexpr std::uint64_t kStallNs = 100'000'000;
  // How long read() may block before another thread goes on: two to three of these. Less would take the role
  // from a reader that only waits for its CPU.
  static constexpr std::chrono::milliseconds kMaxRelayTick{40};

  // How often CPUs that came online are looked for.
  static constexpr std::uint64_t kCpusIntervalNs = 1'000'000'000;

  // Where no open is held, each event would wake the reader, which takes 20 to 30 us of CPU time for the
  // event's 1. So events may gather: longer where they are few, but never so long that many merge in the
  // kernel. Measured with held execs: the reader's CPU time falls by 60 % (compile) to 86 % (grep -r); 1 %
  // more events merge where 16 threads open 1,000 files over and over.
  static constexpr std::uint64_t kMinGatherNs = 50'000;
  static constexpr std::uint64_t kMaxGatherNs = 1'000'000;

  // The longest event is a rename: metadata, three handles of at most 128 bytes, two names of at most 255.
  static constexpr std::size_t kMinFreeBytes = 2048;

  enum class Turn : std::uint8_t { kNothingQueued, kEvents, kRoleGone };

  void run();
  Turn turn();
  bool has_room();  // an arena with space, and descriptors to fill it; may throttle
  bool obtain_arena();
  // What one read() brought: bytes at the end of the arena's, and when the kernel queued them.
  struct ReadBytes {
    std::size_t offset = 0;
    std::size_t bytes = 0;
    std::uint64_t since_ns = 0;
    std::uint64_t until_ns = 0;
  };
  std::optional<ReadBytes> read_held();  // nothing: the role is gone
  std::optional<ReadRelay::Bytes> take_late(std::size_t max_events);
  std::size_t max_read_events() const;
  ReadBytes read_told();
  bool told_fits() const;
  bool holds_exec(const ReadBytes& read) const;
  void take_all_told_before(ReadBytes& held, std::uint64_t read_ns);
  bool carry_over(ReadBytes& held);
  void take_told(const ReadBytes& read, std::uint64_t read_ns);
  void take_held(const ReadBytes& read, std::uint64_t read_ns);
  Arena::Batch& begin_batch(Arena::Source source, const ReadBytes& read, std::uint64_t read_ns);
  ImageSerial attribute(const KernelEvent& event);
  void read_processes();
  bool opener_waits();
  bool denies(const KernelEvent& event);
  void count_seen(std::uint64_t events);
  Turn drop_batch();  // no room: read, answer, close, count
  void note_progress(std::uint64_t now_ns);
  void note_stall(std::uint64_t since_ns, std::uint64_t until_ns);
  void drain_process_events(bool users_changed = true);
  bool users_changed_before(const ReadBytes& held, const ReadBytes& told) const;
  void publish();
  void forget_ended_rings();
  void follow_cpus();
  void note_unreadable();
  void give_up();
  void follow_storm(std::int64_t held, std::uint64_t now_ns);
  bool publishing_is_due(std::uint64_t now_ns) const;
  void wait();
  bool events_wait() const;
  bool gather();

  // Set up before the loop starts, then its own.
  Options options_;
  FanotifyGroup* held_;
  FanotifyGroup* told_;
  ArenaPool& arenas_;
  ProcessLog& log_;
  std::optional<ProcessEvents> events_;
  ProcessTracker tracker_;
  Guardian& guardian_;
  // Stop, held group, told group, process connector, rings of the side band.
  std::vector<pollfd> poll_fds_;
  std::size_t connector_ = 0;      // index
  std::size_t first_ring_ = 0;     // index
  std::uint64_t cpus_due_ns_ = 0;  // CLOCK_MONOTONIC
  std::size_t must_watch_ = 0;     // how many of them are watched even without room
  bool users_are_known_ = false;   // as of the last poll(), after its look at the queues
  bool took_late_ = false;         // there may be more
  bool held_is_empty_ = false;     // as the last poll() said: a read in vain can be saved
  ReplyBatch replies_;
  Arena* arena_ = nullptr;
  std::uint64_t arena_since_ns_ = 0;  // first event in it
  // Every event that was queued before these times has been read.
  std::uint64_t held_until_ns_ = 0;
  std::uint64_t told_until_ns_ = 0;
  std::uint64_t progress_ns_ = 0;        // when it last came round
  std::uint64_t idle_allowance_ns_ = 0;  // that it may have slept since
  std::uint64_t published_log_end_ = 0;
  Arena::Missing missing_;  // since the last arena was published
  LiveStatistics& live_;
  std::uint64_t shortage_since_ns_ = 0;  // 0: there is room
  bool storm_ = false;
  std::uint64_t storm_window_ns_ = 0;  // when it began
  std::int64_t crowded_opens_ = 0;     // in it
  std::size_t told_since_gathered_ = 0;
  std::uint64_t gather_ns_ = kMinGatherNs;
  std::uint32_t own_pid_;
  alignas(8) std::array<std::byte, ReadRelay::kMaxEvents * kKernelEventBytes> scratch_;

  // Read by others after stop().
  std::uint32_t arenas_high_water_ = 0;

  std::atomic<bool> stopping_ = false;
  std::atomic<bool> gave_up_ = false;
  ReadRelay relay_;
};

}  // namespace rfan::recorder
