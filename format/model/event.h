// The event model: what one record of a trace says. Shared by the recorder, the format and the replay.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rfan::format {

// Values are wire values (TRACE_FORMAT.md, "Event kinds"): never renumber.
enum class EventKind : std::uint8_t {
  kOpen = 1,
  kExec = 2,
  kAccess = 3,
  kModify = 4,
  kCloseWrite = 5,
  kCloseNowrite = 6,
  kCreate = 7,
  kDelete = 8,
  kRename = 9,
  kAttrib = 10,
};
inline constexpr std::size_t kEventKindLimit = 11;  // one past the largest value

// The user-visible name ("close_write"); "unknown" for a value that is none of the above.
std::string_view event_kind_name(EventKind kind);
std::optional<EventKind> event_kind_from_name(std::string_view name);

// Bits of Event::flags; wire values.
inline constexpr std::uint8_t kFlagHeld = 1U << 0;  // a permission event: the process waited for our answer
// ... and the answer was DENY: the recorder's, asked to by --deny, or the kernel's (kFlagDeniedByKernel).
inline constexpr std::uint8_t kFlagDenied = 1U << 1;
inline constexpr std::uint8_t kFlagDirectory = 1U << 2;  // the object is a directory
inline constexpr std::uint8_t kFlagDeleted = 1U << 3;    // the path was already unlinked when it was resolved
// The kernel could not open the file for the recorder, and refused the access without asking it; the loss
// ledger has that as well (kDescriptorFailed). kFlagDenied is set too.
inline constexpr std::uint8_t kFlagDeniedByKernel = 1U << 4;
// The process changed its program, user or group at about the time of the event: it may be the image
// before the one given.
inline constexpr std::uint8_t kFlagUncertainProcess = 1U << 5;

using PathId = std::uint32_t;     // index into the path dictionary of one file; 0: no path, or unknown
using ProcessId = std::uint32_t;  // index into the process dictionary of one file; 0: unknown process

struct Event {
  std::uint64_t time_ns = 0;  // CLOCK_MONOTONIC when the reader got the batch, see TRACE_FORMAT.md "Time"
  EventKind kind = EventKind::kOpen;
  std::uint8_t flags = 0;
  ProcessId process = 0;
  PathId path = 0;
  PathId path2 = 0;            // rename target
  std::uint32_t reply_ns = 0;  // held events: from time_ns to the answer, saturated at 2^32-1; else 0

  bool operator==(const Event&) const = default;
};

// Bits of Process::flags; wire values.
inline constexpr std::uint8_t kProcessKernelThread = 1U << 0;
inline constexpr std::uint8_t kProcessExeDeleted = 1U << 1;  // the executable was unlinked when it was read
inline constexpr std::uint8_t kProcessCmdlineTruncated = 1U << 2;  // longer than limits.h kMaxCmdlineBytes

// One program image of one process: an exec makes a new entry, a fork too. Identity is (pid, start time,
// image), never the pid alone, since pids are reused.
struct Process {
  std::uint32_t pid = 0;
  std::uint32_t ppid = 0;
  ProcessId parent = 0;  // entry of the parent process; after an exec: of the image before it
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::uint64_t start_time_ns = 0;  // CLOCK_MONOTONIC at the fork (10 ms granularity where taken from /proc)
  PathId exe = 0;                   // 0: unknown
  std::uint8_t flags = 0;
  std::string comm;     // as the kernel has it: at most 15 bytes, any bytes
  std::string cmdline;  // arguments, each ended by NUL, as in /proc/PID/cmdline
  // Control group, e.g. "/system.slice/ssh.service"; empty: unknown. Of several hierarchies the one that
  // tells most, see TRACE_FORMAT.md "Dictionaries".
  std::string cgroup{};

  std::size_t string_bytes() const { return comm.size() + cmdline.size() + cgroup.size(); }

  bool operator==(const Process&) const = default;
};

// Simultaneous readings of the three clocks; the offset between them is what matters.
struct ClockSample {
  std::uint64_t monotonic_ns = 0;
  std::uint64_t realtime_ns = 0;  // since the epoch
  std::uint64_t boottime_ns = 0;

  bool operator==(const ClockSample&) const = default;
};

// Values are wire values.
enum class LossCause : std::uint8_t {
  kQueueOverflow = 1,       // the kernel's event queue was full; held opens passed unseen
  kNoArena = 2,             // the writer was too slow; answered, not recorded
  kDescriptorFailed = 3,    // the kernel could not open the event descriptor; a held open was DENIED by it
  kUnresolvedPath = 4,      // the event is recorded, its path is unknown
  kWriteError = 5,          // the output could not be written
  kProcessChannel = 6,      // fork/exec/exit notifications were dropped; processes were read again from /proc
  kUnknownScope = 7,        // left out: it is not known whether the process belongs to what was asked for
  kUnreadable = 8,          // the kernel's bytes were not understood: what was in them is missing
  kUnmarkedFilesystem = 9,  // a filesystem was mounted and had no mark yet: what was done on it is missing
  kUncertainProcess = 10,   // the event is recorded, perhaps with what its process became next
  kStall = 11,              // the recorder stood still: nothing is missing, but held opens waited
};
inline constexpr std::size_t kLossCauseLimit = 12;
std::string_view loss_cause_name(LossCause cause);
// Whether the events are missing from the trace; otherwise they are in it without their path or process, or
// in doubt.
bool loses_events(LossCause cause);
// Whether an answer may be wrong for it. A stall is in the ledger so that it is not hidden: openers waited,
// and longer than their reply_ns says.
bool concerns_events(LossCause cause);

// One entry of the loss ledger: `count` events lost to `cause` between the two times (CLOCK_MONOTONIC).
struct Loss {
  LossCause cause = LossCause::kQueueOverflow;
  std::optional<std::uint64_t> count;  // empty: the kernel does not say how many
  std::uint64_t first_ns = 0;
  std::uint64_t last_ns = 0;

  bool operator==(const Loss&) const = default;
};

}  // namespace rfan::format
