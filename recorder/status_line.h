// What rfanrec tells the person at the terminal: one live line, and a summary at the end.
#pragma once

#include <cstdint>
#include <string>

#include "format/model/loss_summary.h"
#include "format/model/trace_info.h"
#include "recorder/handover/live_statistics.h"

namespace rfan::recorder {

// Main thread only. Writes to standard error when that is a terminal, which another program does not have in
// the foreground; a line that would block is left out.
class StatusLine {
 public:
  StatusLine(const LiveStatistics& live, bool wanted);
  // `queued`: events between the kernel and the trace.
  void update(std::uint64_t now_ns, std::uint64_t queued);
  // Takes the line away, so that other text can follow.
  void clear();
  bool enabled() const { return enabled_; }

 private:
  const LiveStatistics& live_;
  bool enabled_;
  std::uint64_t last_ns_ = 0;
  std::uint64_t last_seen_ = 0;
};

// What a finished recording was, as far as the summary needs it.
struct RecordingFigures {
  std::string output;  // the last file, where there are several
  std::uint64_t files = 1;
  std::uint64_t dropped_files = 0;  // older ones that were not to be kept
  format::TraceTotals totals;
  format::LossCount lost{};      // events that are not in the trace
  format::LossCount impaired{};  // events that are, without path or process
  std::uint64_t stalls = 0;      // times that the recorder stood still
  std::uint64_t denied = 0;      // held events that --deny let fail
  std::uint64_t bytes = 0;
  std::uint32_t processes = 0;  // of the last file, as are the paths
  std::uint32_t paths = 0;
  std::uint64_t duration_ns = 0;
  format::RecorderCost cost{};
};

// Several lines, each begun with "rfanrec: " and ended.
std::string format_summary(const RecordingFigures& figures);

// "512 B", "1.2 KB", "3.4 MB", decimal.
std::string format_bytes(std::uint64_t bytes);

}  // namespace rfan::recorder
