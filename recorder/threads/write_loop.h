// The writer thread: turns arenas into trace frames and gives the arenas and their descriptors back.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "format/base/error.h"
#include "recorder/handover/arena.h"
#include "recorder/handover/live_statistics.h"
#include "recorder/output/loss_ledger.h"
#include "recorder/processes/process_table.h"
#include "recorder/system/clock.h"
#include "recorder/system/wake_event.h"
#include "recorder/threads/event_lookup.h"
#include "recorder/threads/event_writer.h"
#include "recorder/threads/inbox.h"
#include "recorder/threads/pending_arenas.h"
#include "recorder/threads/trace_output.h"

namespace rfan::recorder {

// An arena goes through EventLookup (names), PendingArenas (renames since) and EventWriter (filter, trace).
//
// After start() the thread "rfan-writer" owns everything here but the atomics and the inbox. It may block on
// the output for as long as it likes: the reader holds openers back for a quarter of a second at most, then
// answers without it. After a write error it goes on emptying arenas, so that descriptors are closed, and
// counts what it could not write. The class has many methods because it is the one face of that thread: half
// of them only leave a message for it, or read a result after its end.
class WriteLoop {
 public:
  struct Options {
    std::uint32_t flush_interval_ms = 250;
    // Beyond so many open event descriptors none is kept open to wait for renames.
    std::int64_t max_waiting_descriptors = 1024;
    EventWriter::Options events{};
  };
  // The parts that name files.
  struct Names {
    PathResolver resolver;
    OwnMounts mounts;
    DirectoryTable directories;
  };

  WriteLoop(const Options& options, ArenaPool& arenas, ProcessLog& log, Names names,
            std::unique_ptr<TraceSeries> series, LiveStatistics& live);
  ~WriteLoop();

  // Wakes by `failure_event`, which must outlive this, when the trace can no longer be written.
  void start(const WakeEvent& failure_event);
  // Any thread: names below this mount point, of a filesystem that is about to be marked, can be found from
  // now on.
  void add_filesystem(const std::string& mount_point);
  // Any thread: the trace says of a mount that appeared what is recorded of it.
  void add_mount(const format::MountCoverage& mount);
  // Any thread: a clock was set, and is this now.
  void add_clock(const format::ClockSample& clock);
  // Any thread: enters it into the loss ledger.
  void add_loss(const format::Loss& loss);
  // Main thread, once: the recording goes on from here (TraceSeries).
  void settle() { output_.series().settle(); }
  // Any thread: the trace goes on in the next file, if it is rotated.
  void request_rotation();
  // Call when the reader thread has ended: works off every arena and ends the thread.
  void stop();

  // After stop(): enters what only the reader knows of.
  void account_for(const Arena::Missing& missing);
  // After stop(): seals the file; fills in what was seen and filtered. Returns the first error of the
  // recording, if there was one.
  Status finish(format::TraceSummary summary);

  // After stop().
  TraceSeries& series() const { return output_.series(); }
  std::uint64_t events_seen() const { return writer_.seen(); }
  std::uint64_t events_denied() const { return writer_.denied(); }
  CpuTime cpu_time() const { return cpu_time_; }
  const LossLedger& ledger() const { return ledger_; }

 private:
  void run();
  bool turn();
  int wait_ms(std::uint64_t now_ns) const;
  void write_arena(Arena& arena);
  void keep_up();
  bool has_too_many_open() const;
  void write_settled();
  void write_due(std::uint64_t now_ns);
  bool write_oldest();
  void write_event(const ArenaEvent& event, const EventPaths& paths);
  void handle_inbox();
  void apply_process_facts(std::uint64_t log_end);
  void close_descriptors(std::vector<int>& descriptors);
  void rotate();

  std::int64_t max_waiting_descriptors_;
  ArenaPool& arenas_;
  ProcessLog& log_;
  ProcessTable processes_;
  LossLedger ledger_;
  EventWriter writer_;
  EventLookup lookup_;
  PendingArenas pending_;
  TraceOutput output_;
  std::uint64_t notified_until_ns_ = 0;  // of the latest arena
  std::uint64_t dropped_ = 0;            // by the reader
  bool urgent_ = false;                  // this thread's priority
  CpuTime cpu_time_;

  Inbox inbox_;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

}  // namespace rfan::recorder
