// The reader thread: turn after turn, and what it waits for in between.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>

#include "format/base/error.h"
#include "recorder/kernel/read_relay.h"
#include "recorder/system/clock.h"
#include "recorder/system/guardian.h"
#include "recorder/system/wake_event.h"
#include "recorder/threads/capture_turns.h"
#include "recorder/threads/gathering.h"
#include "recorder/threads/process_watch.h"
#include "recorder/threads/reader_poll.h"
#include "recorder/threads/storm_detector.h"

namespace rfan::recorder {

// Between two turns (CaptureTurns) it sleeps until there is more. It does not spin before: on an idle virtual
// machine that halves the latency of a lone opener (no wake-up of an idle CPU), but it takes a CPU from the
// load, and on a busy machine the opener then waits for its own (bench/README.md).
//
// After start() the thread "rfan-reader" owns everything here but the atomics. Where its read() of permission
// events blocks, another thread takes its place (ReadRelay). The class has many members because it owns every
// part of that thread, and hands its figures to the main thread after the end.
class CaptureLoop {
 public:
  struct Options {
    int cpu = -1;  // to be pinned to; -1: the last one this process may run on
    // No open waits for an answer: notification events may wait a little, so that many are read at a time.
    bool gathers = false;
    const WakeEvent* failure_event = nullptr;  // not null, not owned: woken when gave_up()
    CaptureTurns::Options turns{};
  };
  struct Groups {
    EventSource* permissions = nullptr;  // either may be null, not both
    EventSource* notifications = nullptr;
  };
  // All references must outlive the loop.
  struct Surroundings {
    ArenaPool& arenas;
    ProcessLog& log;
    Guardian& guardian;
    LiveStatistics& live;
  };

  // `events`: nothing where there is no side band.
  CaptureLoop(Options options, const Groups& groups, std::optional<ProcessEvents> events,
              ProcessTracker tracker, const Surroundings& surroundings);
  ~CaptureLoop();  // stop()

  Status start();
  // Remove the marks first. Answers what is still queued, publishes the last arena, ends the thread.
  void stop();

  // Any thread: the kernel's bytes could not be understood, so that somebody may wait for an answer that
  // never comes. End the recording.
  bool gave_up() const { return gave_up_.load(std::memory_order_acquire); }

  // After stop().
  // Returns what no arena could tell of any more.
  const Arena::Missing& unpublished() const { return turns_.arena().missing(); }
  std::uint64_t process_reads() const { return processes_.tracker().process_reads(); }
  std::uint64_t process_read_ns() const { return processes_.tracker().process_read_ns(); }
  CpuTime cpu_time() const { return relay_.cpu_time(); }
  std::uint32_t arenas_high_water() const { return turns_.arena().high_water(); }

 private:
  // How long read() may block before another thread goes on: two to three of these. Less would take the role
  // from a reader that only waits for its CPU.
  static constexpr std::chrono::milliseconds kMaxRelayTick{40};

  void run();
  CaptureTurns::Found turn();
  void follow_storm(std::int64_t openers, std::uint64_t now_ns);
  bool gather();
  void wait();
  void sleep_until_more();

  int cpu_;
  bool gathers_;
  const WakeEvent& failure_event_;
  Groups groups_;
  Guardian& guardian_;
  ProcessWatch processes_;
  ReadRelay relay_;
  CaptureTurns turns_;
  ReaderPoll poll_;
  StormDetector storm_;
  Gathering gathering_;
  bool was_late_ = false;  // of the last turn
  ArenaPool& arenas_;

  std::atomic<bool> stopping_ = false;
  std::atomic<bool> gave_up_ = false;
};

}  // namespace rfan::recorder
