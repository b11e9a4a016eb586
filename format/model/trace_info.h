// Describes a trace: where and how it was recorded (META), and how it ended (FOOTER).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "format/model/event.h"
#include "format/model/latency_histogram.h"

namespace rfan::format {

using Uuid = std::array<std::uint8_t, 16>;

// HEADER: fixed fields, readable without the schema.
struct FileHeader {
  std::uint16_t version_major = 0;
  std::uint16_t version_minor = 0;
  std::uint32_t compat_flags = 0;
  std::uint32_t incompat_flags = 0;
  Uuid session{};  // the same in all files of one recording
  Uuid file{};
  std::uint32_t file_sequence = 0;  // 0 for the first file of a session
};

// Selects the events that wait for a response. Notification events merge in the kernel's queue; permission
// events never do.
enum class HoldMode : std::uint8_t { kNone = 0, kExec = 1, kOpen = 2 };
std::string_view hold_mode_name(HoldMode mode);

// One mount the recorder looked at.
struct MountCoverage {
  std::string path;
  std::string fs_type;
  bool covered = false;
  std::string how;             // covered: "filesystem mark" or "mount mark"; otherwise the reason why not
  std::uint64_t since_ns = 0;  // CLOCK_MONOTONIC when it was found; 0: from the start

  bool operator==(const MountCoverage&) const = default;
};

// META: written first, before any event.
struct TraceMeta {
  std::string recorder_version;
  std::string hostname;
  std::string kernel;   // uname release
  std::string machine;  // uname machine
  std::string boot_id;
  std::uint32_t cpu_count = 0;
  std::vector<std::string> recorder_args;  // argv of rfanrec
  std::vector<std::string> command;        // the recorded command; empty when paths were recorded
  HoldMode hold = HoldMode::kOpen;
  std::uint32_t event_kinds = 0;  // bit (1 << EventKind) for each requested kind
  std::string process_source;     // for people: "perf side band, process connector", "/proc"
  std::vector<MountCoverage> mounts;
  std::uint32_t time_unit_ns = 0;       // times are multiples of it; set by the writer
  std::uint32_t flush_interval_ms = 0;  // 0: not known
  std::optional<Uuid> previous_file;    // the file before this one in a rotated recording
  bool redacted = false;                // names were replaced by keyed hashes
  std::string redaction_key_id;         // tells whether two redacted traces can be compared
};

// Running sums over events. The writer keeps them for the FOOTER; a reader rebuilds them from the statistics
// of blocks.
struct TraceTotals {
  std::uint64_t events = 0;
  std::array<std::uint64_t, kEventKindLimit> by_kind{};
  std::uint64_t events_with_exe = 0;  // attribution coverage = events_with_exe / events
  std::uint64_t first_ns = 0;         // CLOCK_MONOTONIC; both 0 when there are no events
  std::uint64_t last_ns = 0;
  // Latencies of permission events. Empty in the statistics of a block, where the reply column has them.
  LatencyHistogram reply_latency;

  void merge(const TraceTotals& other);
  // Returns the share of events with an executable, rounded down to two decimals: a single event without one
  // makes it less than 100 %. Empty if there are no events.
  std::optional<double> attribution_percent() const;
  bool operator==(const TraceTotals&) const = default;
};

// Counts the events that the recorder took from the kernel, and its cost. Filled at the end of a recording.
struct RecorderCost {
  std::uint64_t events_seen = 0;      // from the kernel, own accesses excluded
  std::uint64_t events_filtered = 0;  // seen but outside the requested scope
  std::uint64_t reader_user_ns = 0;   // of the reader thread, in user mode and in the kernel
  std::uint64_t reader_system_ns = 0;
  std::uint64_t writer_user_ns = 0;
  std::uint64_t writer_system_ns = 0;
  std::uint64_t main_cpu_ns = 0;    // of all other threads
  std::uint64_t process_reads = 0;  // times /proc/PID was read
  std::uint64_t process_read_ns = 0;
  std::uint32_t arenas = 0;
  std::uint32_t arenas_high_water = 0;
  std::uint64_t queue_high_water = 0;  // most events between the kernel and the trace at a time

  std::uint64_t reader_cpu_ns() const { return reader_user_ns + reader_system_ns; }
  std::uint64_t writer_cpu_ns() const { return writer_user_ns + writer_system_ns; }

  bool operator==(const RecorderCost&) const = default;
};

enum class EndReason : std::uint8_t {
  kUnknown = 0,
  kSignal = 1,
  kDuration = 2,
  kCommandEnded = 3,
  kWriteError = 4,
  kRotated = 5,          // the recording goes on in the next file
  kRecorderFailure = 6,  // it could no longer promise to respond; see its messages
};
std::string_view end_reason_name(EndReason reason);

// FOOTER: everything `info` needs besides META.
struct TraceSummary {
  TraceTotals totals;
  std::vector<Loss> losses;
  std::uint32_t path_count = 0;
  std::uint32_t process_count = 0;
  EndReason end_reason = EndReason::kUnknown;
  std::int32_t command_status = 0;  // wait status as the shell shows it: exit code, or 128 + signal
  RecorderCost cost;
  std::optional<ClockSample> first_clock;
  std::vector<MountCoverage> later_mounts;  // appeared while recording
};

}  // namespace rfan::format
