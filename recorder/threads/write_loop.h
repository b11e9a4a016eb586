// The writer thread: turns arenas into trace frames and gives the arenas and their descriptors back.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "format/base/error.h"
#include "format/trace/trace_writer.h"
#include "recorder/choice/record_filter.h"
#include "recorder/handover/arena.h"
#include "recorder/handover/live_statistics.h"
#include "recorder/mounts/own_mounts.h"
#include "recorder/names/directory_table.h"
#include "recorder/names/path_resolver.h"
#include "recorder/names/pending_events.h"
#include "recorder/output/loss_ledger.h"
#include "recorder/output/trace_series.h"
#include "recorder/processes/exec_order.h"
#include "recorder/processes/process_table.h"
#include "recorder/system/clock.h"
#include "recorder/system/wake_event.h"

namespace rfan::recorder {

// After start() the thread "rfan-writer" owns everything here but the atomics. It may block on the output for
// as long as it likes: the reader holds openers back for a quarter of a second at most, then answers without
// it. After a write error it goes on emptying arenas, so that descriptors are closed, and counts what it
// could not write.
//
// A descriptor is looked up some milliseconds after its event, and shows what its file is called by then. So
// the events of an arena are looked up when it comes and written once all notification events up to the
// look-up are known, or none has come for kMaxWaitNs: then the renames and removals in between are undone
// (RecentMoves). Descriptors are kept until then.
class WriteLoop {
 public:
  struct Options {
    std::uint32_t flush_interval_ms = 250;
    std::uint64_t recorded_mask = UINT64_MAX;  // fanotify bits of the events asked for (EventPlan::recorded)
    RecordFilter filter{};
    std::uint32_t root_pid = 0;  // record only this process and its descendants; 0: everything
    // Beyond so many open event descriptors none is kept open to wait for renames.
    std::int64_t max_waiting_descriptors = 1024;
  };

  WriteLoop(const Options& options, ArenaPool& arenas, ProcessLog& log, PathResolver resolver,
            OwnMounts mounts, DirectoryTable directories, std::unique_ptr<TraceSeries> series,
            LiveStatistics& live);
  ~WriteLoop();

  // Wakes by `failure_event`, which must outlive this, when the trace can no longer be written.
  void start(const WakeEvent& failure_event);
  // Any thread: names below this mount point, of a filesystem that is about to be marked, can be told from
  // now on.
  void add_filesystem(const std::string& mount_point);
  // Any thread: the trace says of a mount that appeared what is recorded of it.
  void add_mount(const format::MountCoverage& mount);
  // Any thread: a clock was set, and is this now.
  void add_clock(const format::ClockSample& clock);
  // Any thread: enters it into the loss ledger.
  void add_loss(const format::Loss& loss);
  // Main thread, once: the recording goes on from here (TraceSeries).
  void settle() { series_->settle(); }
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
  TraceSeries& series() const { return *series_; }
  std::uint64_t events_seen() const { return seen_; }
  std::uint64_t events_denied() const { return denied_; }
  CpuTime cpu_time() const { return cpu_time_; }
  const LossLedger& ledger() const { return ledger_; }

 private:
  // The reader publishes what it has read after 10 ms (CaptureLoop), later where it waits for a CPU: with
  // 20 ms here 6 of 60 runs of the kernel tests of it missed a rename on a busy machine. Where events go on,
  // the arenas tell. The descriptors keep their filesystem busy for so long.
  static constexpr std::uint64_t kMaxWaitNs = 50'000'000;
  // A file that goes on being moved is written as it is found after this.
  static constexpr std::uint64_t kMaxSettleNs = 4 * kMaxWaitNs;

  void run();
  int wait_ms(std::uint64_t now_ns) const;
  void write_arena(Arena& arena);
  void keep_up();
  void look_up(const Arena& arena, const Arena::Batch& batch);
  bool is_ready(const PendingEvents& events) const;
  bool has_too_many_open() const;
  void write_ready();
  bool write_oldest();
  void write_pending_due(std::uint64_t now_ns);
  std::uint64_t pending_due_ns() const;
  std::uint64_t recorded_kinds(const ArenaEvent& event) const;  // bits of its mask
  void find_image(ArenaEvent& event, const Arena::Batch& batch) const;
  bool admits(const ArenaEvent& event);
  void write_event(const ArenaEvent& taken, const EventPaths& paths);
  void take_inbox();
  void note_overflow(std::uint64_t time_ns);
  void look_up_descriptor(ArenaEvent& event);
  void name_exec(const ArenaEvent& event, std::string_view path);
  void name_executables();
  void look_up_names(const ArenaEvent& event, const Arena::Batch& batch, const NamedEvent& named);
  void apply_process_facts(std::uint64_t log_end);
  void close_descriptors(std::vector<int>& descriptors);
  bool has_pending() const;
  void flush();
  void rotate();
  void count_seen(format::RecorderCost& cost);
  void fail(const Error& error);
  void publish_statistics();
  format::TraceWriter& trace() const { return series_->current(); }

  Options options_;
  ArenaPool& arenas_;
  ProcessLog& log_;
  EventNames names_;
  std::unique_ptr<TraceSeries> series_;
  LiveStatistics& live_;
  ProcessTable processes_;
  ExecOrder execs_;
  PendingEvents looked_up_;              // of the arena at hand
  std::deque<PendingEvents> pending_;    // of those before, oldest first: moves may still be to come
  std::vector<PendingEvents> spare_;     // written, for their memory
  std::uint64_t notified_until_ns_ = 0;  // of the latest arena
  std::uint64_t position_ = 0;           // in the stream, of the latest event
  LossLedger ledger_;
  std::uint64_t seen_ = 0;
  std::uint64_t filtered_ = 0;
  std::uint64_t seen_in_older_files_ = 0;
  std::uint64_t filtered_in_older_files_ = 0;
  std::uint64_t dropped_ = 0;  // by the reader
  std::uint64_t denied_ = 0;
  std::uint64_t flushed_events_ = 0;
  std::uint64_t flush_due_ns_ = 0;  // CLOCK_MONOTONIC; 0: nothing is pending
  bool urgent_ = false;             // this thread's priority
  Status failure_;
  const WakeEvent* failure_event_ = nullptr;  // of start()
  CpuTime cpu_time_;

  std::mutex inbox_mutex_;  // what other threads told
  std::vector<std::string> new_filesystems_;
  std::vector<format::MountCoverage> new_mounts_;
  std::vector<format::ClockSample> new_clocks_;
  std::vector<format::Loss> new_losses_;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

}  // namespace rfan::recorder
