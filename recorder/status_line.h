// Output of rfanrec for the person at the terminal: one live line, and a summary at the end.
#pragma once

#include <cstdint>
#include <string>

#include "format/model/loss_summary.h"
#include "format/model/trace_info.h"
#include "recorder/handover/live_statistics.h"

namespace rfan::recorder {

// Writes to standard error if that is a terminal without another program in the foreground. Drops a line that
// would block. For the main thread.
class StatusLine {
 public:
  StatusLine(const LiveStatistics& live, bool wanted);
  // `queued`: events between the kernel and the trace.
  void update(std::uint64_t now_ns, std::uint64_t queued);
  // Removes the line, so that other text can follow.
  void clear();
  bool enabled() const { return enabled_; }

 private:
  const LiveStatistics& live_;
  bool enabled_;
  std::uint64_t last_ns_ = 0;
  std::uint64_t last_seen_ = 0;
};

// The figures of a finished recording for the summary.
struct RecordingFigures {
  std::string output;  // the last file of a series
  std::uint64_t files = 1;
  std::uint64_t dropped_files = 0;  // older files that were removed
  format::TraceTotals totals;
  format::LossCount lost{};      // events missing from the trace
  format::LossCount impaired{};  // events in the trace without path or process
  std::uint64_t stalls = 0;      // how often the recorder stood still
  std::uint64_t denied = 0;      // opens and execs that --deny made fail
  std::uint64_t bytes = 0;
  std::uint32_t processes = 0;  // of the last file, as `paths`
  std::uint32_t paths = 0;
  std::uint64_t duration_ns = 0;
  format::RecorderCost cost{};
};

// Returns several lines, each beginning with "rfanrec: " and ending in a newline.
std::string format_summary(const RecordingFigures& figures);

// Returns "512 B", "1.2 KB", "3.4 MB"; decimal.
std::string format_bytes(std::uint64_t bytes);

}  // namespace rfan::recorder
