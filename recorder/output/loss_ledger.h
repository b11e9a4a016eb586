// Losses with cause, number and time, coalesced between two flushes.
#pragma once

#include "format/model/loss_summary.h"
#include "format/trace/trace_writer.h"

namespace rfan::recorder {

// Merges the losses of one cause into one entry until hand_over(), so a storm of losses costs one line per
// flush interval instead of one per event. For the writer thread.
class LossLedger {
 public:
  void add(const format::Loss& loss);
  bool pending() const { return !pending_.empty(); }
  // Gives the pending entries to the trace.
  void hand_over(format::TraceWriter& trace);
  // Counts over the whole recording. lost(): events missing from the trace. impaired(): events in the trace
  // without their path or process.
  const format::LossCount& lost() const { return lost_; }
  const format::LossCount& impaired() const { return impaired_; }
  std::uint64_t stalls() const { return stalls_; }

 private:
  format::LossSummary pending_;
  format::LossCount lost_;
  format::LossCount impaired_;
  std::uint64_t stalls_ = 0;
};

}  // namespace rfan::recorder
