// Execs in the stream of events: which program of a process caused a notification event, the one before an
// exec or the one after it, and which file was executed.
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

// A notification event has no time of its own: it happened somewhere between two reads of its queue. An exec
// has one, and within the same two reads it may have come before the event or after it. What tells is the
// exec's own event, which stands in the stream like all others:
//
// - a permission event (--hold open, exec): the process waits in it. The reader takes all that it did before
//   and answers then; so events of the process that stand before it are the old program's and those behind
//   it the new one's. Any other permission event of the process tells as much: its time is known;
// - a notification event (--hold none, filesystems where nothing is held): the same, unless the kernel
//   merged it into an earlier open of the file. Then only what stands before it is certain.
//
// An exec is matched with its event by time or by the name of the executable. A change of user or
// group has no event of its own: only permission events and execs tell on which side of it another event
// stands. Where a doubt is left, as with programs on filesystems without a mark, the event is put down to
// what the process was later, and said to be uncertain. Of a name (comm), a control group and a user that
// only a look found changed no doubt is kept: they may be some milliseconds ahead (rfanrec.1). Writer thread
// only.
class ExecOrder {
 public:
  // What the process log says, in order: changes of the image of a process, and names of executables.
  void add(const ProcessRecord& record);
  // Before the events of an arena are asked about: finds those in it that tell when others happened.
  // `position` in the stream is that of the event before its first.
  void begin_arena(const Arena& arena, std::uint64_t position);

  struct Answer {
    ImageSerial image;
    bool certain;
  };
  // Precondition: the event at `position`, in `batch` of the arena, is none that waited for a response.
  // `latest` is the image of its process as the reader knew it after the read.
  Answer image_of(std::uint32_t pid, ImageSerial latest, const Arena::Batch& batch,
                  std::uint64_t position) const;

  // The exec event at `position` is about this file.
  void name_exec(std::uint32_t pid, std::uint64_t position, std::string_view path);
  // Calls `name(image, path)` for each image whose executable was found among the files so named since the
  // last call. The kernel names an executable as its process sees it; an event names it as we do.
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
  // A change is of no use any more this long after all events from before it have been read.
  static constexpr std::uint64_t kKeepNs = 2'000'000'000;
  // Of a process that executes again and again, so many of each are kept.
  static constexpr std::size_t kMaxKept = 64;

  struct Change {
    enum class Kind : std::uint8_t { kProgram, kUser, kOther };
    ImageSerial serial;
    ImageSerial before;
    std::uint64_t time_ns;
    Kind kind;
    std::string exe{};      // base name; empty: not known (yet)
    bool is_named = false;  // by take_executables()
  };
  // A permission event, or the event of an exec or of an attempt at one.
  struct Marker {
    std::uint64_t position;
    std::uint64_t read_ns;
    std::uint64_t answered_ns;
    bool held;
    bool executes;
    bool exact;          // what stands behind it happened after it
    std::string name{};  // in its directory
    std::string path{};  // as name_exec() said
  };
  struct Process {
    std::vector<Change> changes{};  // in order of time
    std::vector<Marker> markers{};  // in order of position
    std::uint64_t last_ns = 0;
  };
  enum class Order : std::uint8_t { kBefore, kAfter, kUnknown };

  static std::optional<Change::Kind> kind_of(ProcessFact fact);
  static Order order_of(std::uint64_t position, const Change& change, const Process& process);
  static Order order_by_time(std::uint64_t position, const Change& change, const Process& process);
  static const Marker* exec_of(const Change& change, const Process& process);
  static const Marker* executable_of(const Change& change, const Process& process);
  static Order order_by_name(std::uint64_t position, const Change& change, const Process& process);
  Process& touch(std::uint32_t pid, std::uint64_t time_ns);
  template <typename Kept>
  static void keep(std::vector<Kept>& all, Kept&& one);
  void add_markers(const Arena& arena, const Arena::Batch& batch, std::uint64_t position);
  void add_marker(const KernelEvent& event, const Arena::Batch& batch, std::uint64_t position);
  void expire(std::uint64_t before_ns);

  absl::flat_hash_map<std::uint32_t, Process> processes_;
  std::deque<std::pair<std::uint64_t, std::uint32_t>> touched_;  // when, and which process
  std::vector<std::uint32_t> executed_;  // whose executables take_executables() has to look for
};

}  // namespace rfan::recorder
