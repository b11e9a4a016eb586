// Defines the event model, which the recorder, the format and the replay share.
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

// Returns the user-visible name ("close_write"), or "unknown" for any other value.
std::string_view event_kind_name(EventKind kind);
std::optional<EventKind> event_kind_from_name(std::string_view name);
std::string event_kind_names();  // all, separated by spaces

// Bits of Event::flags; wire values.
inline constexpr std::uint8_t kFlagHeld = 1U << 0;  // a permission event: the process waited for a response
// The response was DENY. It came from the recorder, because of --deny, or from the kernel
// (kFlagDeniedByKernel).
inline constexpr std::uint8_t kFlagDenied = 1U << 1;
inline constexpr std::uint8_t kFlagDirectory = 1U << 2;  // the object is a directory
inline constexpr std::uint8_t kFlagDeleted = 1U << 3;    // the path was already unlinked when it was resolved
// The kernel could not open the file for the recorder, and denied the access without asking it. The loss
// ledger records that as well (kDescriptorFailed). kFlagDenied is set too.
inline constexpr std::uint8_t kFlagDeniedByKernel = 1U << 4;
// The process changed its program, user or group at about the time of the event: the event may belong to the
// image before the one given.
inline constexpr std::uint8_t kFlagUncertainProcess = 1U << 5;

using PathId = std::uint32_t;     // index into the path dictionary of one file; 0: no path, or unknown
using ProcessId = std::uint32_t;  // index into the process dictionary of one file; 0: unknown process

struct Event {
  std::uint64_t time_ns = 0;  // CLOCK_MONOTONIC when the reader got the batch, see TRACE_FORMAT.md, "Time"
  EventKind kind = EventKind::kOpen;
  std::uint8_t flags = 0;
  ProcessId process = 0;
  PathId path = 0;
  PathId path2 = 0;            // rename target
  std::uint32_t reply_ns = 0;  // permission events: from time_ns to the response, saturated at 2^32-1; else 0

  bool operator==(const Event&) const = default;
};

// Bits of Process::flags; wire values.
inline constexpr std::uint8_t kProcessKernelThread = 1U << 0;
inline constexpr std::uint8_t kProcessExeDeleted = 1U << 1;  // the executable was unlinked when it was read
inline constexpr std::uint8_t kProcessCmdlineTruncated = 1U << 2;  // longer than limits.h kMaxCmdlineBytes

// One program image of one process: an exec makes a new entry, and so does a fork. The identity is (pid,
// start time, image), never the pid alone, since pids are reused.
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
  // Control group, such as "/system.slice/ssh.service"; empty if unknown. If there are several hierarchies,
  // the one that tells most, see TRACE_FORMAT.md, "Dictionaries".
  std::string cgroup{};

  std::size_t string_bytes() const { return comm.size() + cmdline.size() + cgroup.size(); }

  bool operator==(const Process&) const = default;
};

// Simultaneous readings of the three clocks. Only the offsets between them matter.
struct ClockSample {
  std::uint64_t monotonic_ns = 0;
  std::uint64_t realtime_ns = 0;  // since the epoch
  std::uint64_t boottime_ns = 0;

  bool operator==(const ClockSample&) const = default;
};

// Values are wire values.
enum class LossCause : std::uint8_t {
  kQueueOverflow = 1,       // the kernel's event queue was full; opens passed without waiting, unseen
  kNoArena = 2,             // the writer was too slow; the event was answered, not recorded
  kDescriptorFailed = 3,    // the kernel could not open the event descriptor, and DENIED a waiting open
  kUnresolvedPath = 4,      // the event is recorded, its path is unknown
  kWriteError = 5,          // the output could not be written
  kProcessChannel = 6,      // fork/exec/exit notifications were dropped; processes were read again from /proc
  kUnknownScope = 7,        // not recorded: it is unknown whether the process is in the requested scope
  kUnreadable = 8,          // the recorder did not understand bytes of the kernel; their events are missing
  kUnmarkedFilesystem = 9,  // a newly mounted filesystem had no mark yet; its events are missing
  kUncertainProcess = 10,   // the event is recorded, perhaps with the next image of its process
  kStall = 11,              // the recorder stood still: nothing is missing, but openers waited
};
inline constexpr std::size_t kLossCauseLimit = 12;
std::string_view loss_cause_name(LossCause cause);
// Returns true if the events are missing from the trace. Otherwise they are in it, but without their path or
// process, or in doubt.
bool loses_events(LossCause cause);
// Returns true if the answer to a query may be wrong because of it. A stall affects no answer; the ledger
// shows it because openers waited, and longer than their reply_ns says.
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
