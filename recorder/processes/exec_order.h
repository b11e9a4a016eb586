// Places execs in the stream of events: finds the program of a process that caused a notification event,
// before or after an exec, and the file that was executed.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "recorder/handover/arena.h"
#include "recorder/handover/process_log.h"

namespace rfan::recorder {

// Attributes notification events to the program before or after an exec. A notification event has no time of
// its own: it happened between two reads of its queue, and an exec may have come between the same two reads.
// The exec's own event in the stream decides:
// - A permission event (--hold open, exec): the process waits in it, and the reader takes all its earlier
//   events before it answers. So events before it belong to the old program, events after it to the new one.
//   Every other permission event of the process helps in the same way, because its time is known.
// - A notification event (--hold none, or a filesystem without permission events): likewise, unless the
//   kernel merged it into an earlier open of the file. Then only events before it are certain. A close in the
//   queue of the permission group is certainly earlier only if the notifications were read after it. It is
//   never certainly later.
// For the writer thread.
class ExecOrder {
 public:
  // Adds a record of the process log, in order. Uses changes of a process's image and names of executables.
  void add(const ProcessRecord& record);
  // Finds the events in the arena that show when others happened. Call it before image_of() for events of the
  // arena. `position` is the position in the stream of the event before its first.
  void begin_arena(const Arena& arena, std::uint64_t position);

  struct Answer {
    ImageSerial image;
    bool certain;
  };
  // Returns the image that caused the event at `position`, in `batch` of the arena. Precondition: the event
  // is not a permission event. `latest` is the image of its process that the reader knew after the read.
  //
  // An exec is matched with its event by time or by the executable's name. A change of user or group has no
  // event: only permission events and execs tell which side of it an event is on. If doubt remains, as with
  // programs on unmarked filesystems, the event goes to the later image and is marked uncertain. A comm, a
  // control group, and a user whose change only a look noticed cause no doubt: they may show some
  // milliseconds early (rfanrec.1).
  Answer image_of(std::uint32_t pid, ImageSerial latest, const Arena::Batch& batch,
                  std::uint64_t position) const;

  // Sets the path of the exec event at `position`.
  void name_exec(std::uint32_t pid, std::uint64_t position, std::string_view path);
  // Calls `name(image, path)` for each image whose executable was found among the paths of name_exec() since
  // the last call. The kernel names an executable as its process sees it; an event names it as we see it.
  template <typename Name>
  void take_executables(Name&& name) {
    for (const auto pid : std::exchange(executed_, {})) {
      const auto process = processes_.find(pid);
      if (process == processes_.end()) continue;
      for (auto& change : process->second.changes) {
        const auto* exec = executable_of(change, process->second);
        if (exec == nullptr) continue;
        change.is_named = true;
        name(change.serial, std::string_view(exec->path));
      }
    }
  }

 private:
  // A change is useless this long after all events from before it have been read.
  static constexpr std::uint64_t kKeepNs = 2'000'000'000;
  // Limit of each kind per process, for a process that executes again and again.
  static constexpr std::size_t kMaxKept = 64;

  struct Change {
    enum class Kind : std::uint8_t { kProgram, kProcess, kUser, kOther };  // kProcess: the pid came again
    ImageSerial serial;
    ImageSerial before;
    std::uint64_t time_ns;
    Kind kind;
    std::string exe{};      // base name; empty: unknown so far
    bool is_named = false;  // by take_executables()
  };
  // A permission event, or the event of an attempted or successful exec.
  struct Marker {
    std::uint64_t position;
    std::uint64_t read_ns;
    std::uint64_t answered_ns;
    bool is_permission;
    bool executes;
    bool exact;          // events after it in the stream happened after it
    std::string name{};  // base name
    std::string path{};  // set by name_exec()
  };
  struct Process {
    std::vector<Change> changes{};  // in order of time
    std::vector<Marker> markers{};  // in order of position
    std::uint64_t last_ns = 0;
  };
  enum class Order : std::uint8_t { kBefore, kAfter, kUnknown };

  static std::optional<Change::Kind> kind_of(ProcessFact fact);
  static Order order_of(std::uint64_t position, const Arena::Batch& batch, const Change& change,
                        const Process& process);
  static Order order_by_time(std::uint64_t position, const Change& change, const Process& process);
  static const Marker* exec_of(const Change& change, const Process& process);
  static const Marker* executable_of(const Change& change, const Process& process);
  static Order order_by_name(std::uint64_t position, const Arena::Batch& batch, const Change& change,
                             const Process& process);
  void add_fork(const ProcessRecord& record);
  Process& touch(std::uint32_t pid, std::uint64_t time_ns);
  template <typename Kept>
  static void keep(std::vector<Kept>& all, Kept&& one);
  void add_markers(const Arena& arena, const Arena::Batch& batch, std::uint64_t position);
  void add_marker(const Arena& arena, const EventHead& event, const Arena::Batch& batch,
                  std::uint64_t position);
  void expire(std::uint64_t before_ns);

  absl::flat_hash_map<std::uint32_t, Process> processes_;
  std::deque<std::pair<std::uint64_t, std::uint32_t>> touched_;  // time and pid
  std::vector<std::uint32_t> executed_;  // pids whose executables take_executables() must look for
};

}  // namespace rfan::recorder
