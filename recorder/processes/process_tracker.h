// The reader thread's view of processes: which program image is behind a pid at this moment.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "format/base/error.h"
#include "recorder/choice/record_filter.h"
#include "recorder/handover/process_log.h"
#include "recorder/kernel/perf_records.h"
#include "recorder/processes/proc_reader.h"
#include "recorder/system/locked_memory.h"

namespace rfan::recorder {

// Reader thread only (seed() before that thread starts). Keeps 48 bytes per pid in a table indexed by pid, so
// that there is nothing to evict and nothing to allocate; pages of pids never seen are never touched.
// Everything learnt goes to the ProcessLog, where the writer thread makes names of it.
//
// Forks, execs, names, and, with the process connector, users and groups are told of as they change. Whatever
// is not is looked at again: before the answer to a held process whose last look is kLookAgainMs ago, after
// that of any other with an event. Events of a process in the time between are put down to what it was
// before.
class ProcessTracker {
 public:
  // `side_band` false: there are no fork/exec/exit notifications, so that a process must be read again in
  // every batch (slower, never wrong).
  static Result<ProcessTracker> create(ProcessLog& log, ProcReader reader, bool side_band);

  // Reads every process that runs now. Returns how many.
  std::uint32_t seed();

  // Applies one notification of the side band.
  void apply(const PerfRecord& record);

  // Call before the events of a batch are attributed. `now_ns`: CLOCK_MONOTONIC.
  void begin_batch(std::uint64_t now_ns);

  // The image behind a held event of `pid`: the process is waiting for our answer and certainly exists, so
  // that one not read since its last fork or exec is read from /proc now; but a fork is its
  // parent's program while it has its user, group and control group, and may be read later. `executes`:
  // then it need not be read at all, but one that became another user since it was read is another image. 0:
  // nothing can be known.
  ImageSerial attribute_held(std::uint32_t pid, bool executes);

  // The image behind an event that nobody waits for. A program not yet read, or not looked at for long, is
  // read later, if it may be.
  ImageSerial attribute_told(std::uint32_t pid, bool may_be_read = true);

  // Some 50 us each: to be read when nobody waits for an answer.
  bool has_unread() const { return unread_count_ > 0; }
  // Reads the process met last, the likeliest to run still. It counts only if its program is the same
  // afterwards: `drain` must apply() what the side band has.
  template <typename Drain>
  void read_later(Drain&& drain) {
    const auto [pid, image] = unread_[--unread_count_];
    if (!is_current(pid, image)) return;
    Entry& process = *entry(pid);
    process.is_unread = false;
    const bool is_known = !process.needs_details;
    if (is_known && looks_the_same(pid, process)) return;
    ProcessRecord record;
    if (!read_proc(pid, record)) return;
    drain();
    // Killed meanwhile, it has no executable and no control group any more, and does nothing.
    if (!is_current(pid, image) || (is_known && record.exe.empty())) return;
    complete(process, record);
  }

  // From here on is_recorded() can be asked. `root_pid`: only this process and its descendants; 0: no such
  // limit. Before seed().
  void watch_scope(std::uint32_t root_pid, const RecordFilter& filter);
  // Whether events of `pid`, just attributed as held, are recorded as far as its process matters. Cheap:
  // decided when the process was read, inherited in forks. Where it cannot be known, false.
  bool is_recorded(std::uint32_t pid);

  // Forgets what is known (notifications were lost): each process is read again when it is next held.
  void invalidate() { ++generation_; }

  // From here on as if created without a side band.
  void do_without_side_band() {
    side_band_ = false;
    invalidate();
  }

  std::uint64_t process_reads() const { return process_reads_; }
  std::uint64_t process_read_ns() const { return process_read_ns_; }
  // Facts that did not fit into the log or that the kernel dropped since the last call.
  std::uint64_t take_lost();

 private:
  struct Entry {
    ImageSerial serial = 0;          // 0: not known
    std::uint32_t exit_ms = 0;       // CLOCK_MONOTONIC / 1 ms of the exit, 0 while it runs
    std::uint32_t generation = 0;    // of the knowledge; stale when it is not generation_
    std::uint32_t looked_ms = 0;     // CLOCK_MONOTONIC / 1 ms of the last look at its ids
    bool needs_details : 1 = false;  // not read from /proc since the fork or exec
    bool executed : 1 = false;       // the image came with an exec: its command line is its own
    bool has_same_ids : 1 = false;   // as known; a fork is its parent's program then
    bool is_executing : 1 = false;   // an exec of it was held
    bool is_unread : 1 = false;      // it is among those to be read later
    bool awaits_exe : 1 = false;     // the first executable mapping after the exec names the executable
    bool in_tree : 1 = false;        // it descends from the root of the recording; only with watch_scope()
    bool accepted : 1 = false;       // the filter accepts it; likewise
    std::uint64_t fingerprint = 0;   // of what /proc said when it was last read; 0: not read
    ProcessIds ids{};                // then, or the parent's at the fork, and what was told since
  };

  // An exited process still owns events that were queued before its end; after this its pid may be anyone's.
  static constexpr std::uint32_t kExitGraceMs = 2000;
  // A look takes 5 to 17 us: 0.02 % of the time of a process that opens without pause.
  static constexpr std::uint32_t kLookAgainMs = 100;

  ProcessTracker(ProcessLog& log, ProcReader reader, LockedMemory table, std::uint32_t pid_limit,
                 bool side_band);
  Entry* entry(std::uint32_t pid);
  ImageSerial attribute(std::uint32_t pid);
  bool is_current(std::uint32_t pid, ImageSerial image);
  static bool has_sure_ids(const Entry& process);
  bool wants_look(const Entry& process) const;
  void set_now(std::uint64_t now_ns);
  void look_again(std::uint32_t pid, Entry& process);
  bool looks_the_same(std::uint32_t pid, Entry& process);
  void meet_held(std::uint32_t pid, Entry& process);
  void keep_unread(std::uint32_t pid, Entry& process);
  void complete(Entry& process, ProcessRecord& record);
  ImageSerial identify_again(std::uint32_t pid, Entry& process);
  bool read_proc(std::uint32_t pid, ProcessRecord& record);
  bool append(const ProcessRecord& record);
  void judge(Entry& process, const ProcessRecord& record) const;
  void apply_fork(const PerfRecord& record, Entry& child);
  void apply_exec(const PerfRecord& record, Entry& process);
  void apply_mapping(const PerfRecord& record, Entry& process);
  void apply_id(const PerfRecord& record, Entry& process);
  void change(Entry& process, ProcessRecord fact);

  ProcessLog& log_;
  ProcReader reader_;
  LockedMemory table_;
  std::uint32_t pid_limit_;
  bool side_band_;
  ImageSerial next_serial_ = 1;
  std::uint32_t generation_ = 1;
  std::uint64_t now_ns_ = 0;  // of begin_batch()
  std::uint32_t now_ms_ = 0;  // its lower 32 bits in milliseconds
  std::uint32_t root_pid_ = 0;
  std::optional<RecordFilter> filter_;  // of watch_scope()
  // What finds no room is not read, unless its next event asks for it again.
  struct Unread {
    std::uint32_t pid;
    ImageSerial image;
  };
  std::array<Unread, 256> unread_{};
  std::size_t unread_count_ = 0;
  std::uint64_t process_reads_ = 0;
  std::uint64_t process_read_ns_ = 0;
  std::uint64_t lost_ = 0;
};

}  // namespace rfan::recorder
