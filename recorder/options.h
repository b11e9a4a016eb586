// The command line of rfanrec.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "format/base/error.h"
#include "format/model/event.h"
#include "format/model/trace_info.h"
#include "recorder/choice/deny_rules.h"
#include "recorder/choice/record_filter.h"
#include "recorder/kernel/fanotify_group.h"
#include "recorder/output/rotation.h"

namespace rfan::recorder {

constexpr std::uint32_t event_bit(format::EventKind kind) {
  return 1U << static_cast<unsigned>(kind);
}
inline constexpr std::uint32_t kDefaultEventKinds =
    event_bit(format::EventKind::kOpen) | event_bit(format::EventKind::kExec) |
    event_bit(format::EventKind::kCloseWrite) | event_bit(format::EventKind::kCloseNowrite) |
    event_bit(format::EventKind::kCreate) | event_bit(format::EventKind::kDelete) |
    event_bit(format::EventKind::kRename);

struct Options {
  std::vector<std::string> words;    // the command line as given, program name first
  std::string output = "trace.fbz";  // "-": standard output
  std::vector<std::string> paths;    // record the filesystems of these paths
  std::vector<std::string> command;  // run and record this, with its descendants; empty: none
  std::optional<std::chrono::milliseconds> duration;
  std::chrono::milliseconds max_stall{2000};      // a recorder that stands still for so long is killed
  std::chrono::milliseconds flush_interval{250};  // the most that a killed recorder loses
  std::uint32_t time_resolution_ns = 10'000;      // unit of stored times
  bool sync = false;                              // each flush survives a loss of power
  Rotation rotation;
  format::HoldMode hold = format::HoldMode::kOpen;
  KernelQueue kernel_queue = KernelQueue::kUnlimited;
  std::uint32_t event_kinds = kDefaultEventKinds;  // bit (1 << EventKind) for each kind to record
  bool all = false;                                // every mounted filesystem, including later mounts
  std::uint32_t pid = 0;                           // record this running process and its descendants; 0: none
  RecordFilter filter;
  DenyRules deny;
  std::vector<std::string> notes;  // remarks on the command line, one line each
  bool coverage = false;           // only print the coverage
  int cpu = -1;                    // CPU of the reader thread; -1: the last allowed one
  bool quiet = false;              // no status line, no summary
  bool status = false;             // a status line with a command too
};

// The result of parse_options(): options to act on, or an exit status with the text of --help or --version,
// or an exit status with a message for say().
struct ParsedOptions {
  std::optional<Options> options;
  std::string text;
  int exit_status = 0;  // 0 for --help and --version, 2 for a wrong command line
};

ParsedOptions parse_options(int argc, const char* const* argv);

// Parses a duration (format/base/quantity.h) of at least 1 ms.
Result<std::chrono::milliseconds> parse_milliseconds(std::string_view text);

// Parses "100ns", "1us", "1ms"; from 1 ns to 1 s.
Result<std::uint32_t> parse_time_resolution(std::string_view text);

}  // namespace rfan::recorder
