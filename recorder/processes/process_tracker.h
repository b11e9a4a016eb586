// The reader thread's view of processes: maps each pid to its current program image.
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

// Tracks the image of every pid for the reader thread; seed() runs before that thread starts. A table indexed
// by pid takes 48 bytes per pid, so nothing is evicted or allocated, and pages of unused pids stay untouched.
// All facts go to the ProcessLog, from which the writer thread makes names.
//
// The side band reports forks, execs and names when they happen, and with the process connector also users
// and groups. Everything else is looked at again: before the answer to a waiting process whose last look was
// kLookAgainMs ago, and after the answer for any other process with an event. Events in between are
// attributed to the earlier image.
//
// The class is large because every kind of record of the side band, and every kind of look at /proc, has a
// function, and all of them change the same entries of the table.
class ProcessTracker {
 public:
  // `side_band` is false if there are no fork, exec and exit notifications. Then a process is read again in
  // every batch, which is slower but never wrong.
  static Result<ProcessTracker> create(ProcessLog& log, ProcReader reader, bool side_band);

  // Reads every running process. Returns their number.
  std::uint32_t seed();

  // Applies one notification of the side band.
  void apply(const PerfRecord& record);

  // Call it before attributing the events of a batch. `now_ns`: CLOCK_MONOTONIC.
  void begin_batch(std::uint64_t now_ns);

  // Returns the image behind a permission event of `pid`, or 0 if it cannot be known. The process waits for
  // our answer, so it exists. If it was not read since its last fork or exec, it is read from /proc now. A
  // fork that still has the user, group and control group of its parent runs its parent's program and may be
  // read later. If `executes`, the program need not be read at all; only its ids are looked at, because a
  // change of user since the last read makes another image.
  ImageSerial attribute_permission(std::uint32_t pid, bool executes);

  // Returns the image behind a notification event. If `may_be_read`, a program that is unread, or was not
  // looked at for long, is queued to be read later.
  ImageSerial attribute_notification(std::uint32_t pid, bool may_be_read = true);

  // Returns whether any program is queued to be read. Reading takes about 50 us each: do it when nobody waits
  // for us.
  bool has_unread() const { return unread_count_ > 0; }
  // Reads the process queued last, which most likely still runs. Discards the result if the process has
  // another image afterwards; to find that out, `drain` must apply() the records of the side band. Discards
  // it too if an exec is not finished; the next event of the process queues it again.
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
    // A process that was killed meanwhile has no executable and no control group any more, and causes no more
    // events.
    if (!is_current(pid, image) || (is_known && record.exe.empty())) return;
    if (is_amid_exec(process, record)) return;
    complete(process, record);
  }

  // Enables is_recorded(). `root_pid`: only this process and its descendants; 0: no such limit. Call it
  // before seed().
  void watch_scope(std::uint32_t root_pid, const RecordFilter& filter);
  // Returns whether the process of `pid`, just passed to attribute_permission(), is in the recording. Returns
  // false if unknown. Cheap: decided when the process was read, and inherited by forks.
  bool is_recorded(std::uint32_t pid);

  // Discards all knowledge after a loss of notifications: each process is read again at its next permission
  // event.
  void invalidate() { ++generation_; }

  // From now on works as if created without a side band.
  void do_without_side_band() {
    side_band_ = false;
    invalidate();
  }

  std::uint64_t process_reads() const { return process_reads_; }
  std::uint64_t process_read_ns() const { return process_read_ns_; }
  // Returns the number of facts that the log refused or the kernel dropped since the last call.
  std::uint64_t take_lost();

 private:
  struct Entry {
    ImageSerial serial = 0;          // 0: unknown
    std::uint32_t exit_ms = 0;       // CLOCK_MONOTONIC / 1 ms of the exit; 0 while it runs
    std::uint32_t generation = 0;    // of the knowledge; stale if not generation_
    std::uint32_t looked_ms = 0;     // CLOCK_MONOTONIC / 1 ms of the last look at its ids
    bool needs_details : 1 = false;  // not read from /proc since the fork or exec
    bool executed : 1 = false;       // the image came with an exec, so its command line is its own
    bool has_same_ids : 1 = false;   // the last look found `ids`; a fork then runs its parent's program
    bool is_executing : 1 = false;   // it waits in an exec
    bool is_unread : 1 = false;      // it is in unread_
    bool was_amid_exec : 1 = false;  // it was read before its exec was finished
    bool awaits_exe : 1 = false;     // the first executable mapping after the exec gives the executable
    bool in_tree : 1 = false;        // it descends from the root of the recording; only with watch_scope()
    bool accepted : 1 = false;       // the filter accepts it; likewise
    std::uint64_t fingerprint = 0;   // of the contents of /proc at the last read; 0: unread
    ProcessIds ids{};                // as last read, or the parent's at the fork; updated by the connector
  };

  // An ended process still owns events from before its end. After this time its pid may belong to another
  // process.
  static constexpr std::uint32_t kExitGraceMs = 2000;
  // A look takes 5 to 17 us, which is 0.02 % of the time of a process that opens files without pause.
  static constexpr std::uint32_t kLookAgainMs = 100;

  ProcessTracker(ProcessLog& log, ProcReader reader, LockedMemory table, std::uint32_t pid_limit,
                 bool side_band);
  Entry* entry(std::uint32_t pid);
  ImageSerial attribute(std::uint32_t pid);
  bool is_current(std::uint32_t pid, ImageSerial image);
  static bool has_sure_ids(const Entry& process);
  static bool is_amid_exec(Entry& process, const ProcessRecord& record);
  bool wants_look(const Entry& process) const;
  void set_now(std::uint64_t now_ns);
  void look_again(std::uint32_t pid, Entry& process);
  bool looks_the_same(std::uint32_t pid, Entry& process);
  void meet_opener(std::uint32_t pid, Entry& process);
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
  // Processes to read later. One that finds no room stays unread unless its next event queues it again.
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
