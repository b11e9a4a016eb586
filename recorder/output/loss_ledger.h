// What was lost, why, how much and when: coalesced between two flushes.
#pragma once

#include "format/model/loss_summary.h"
#include "format/trace/trace_writer.h"

namespace rfan::recorder {

// Writer thread only. Losses of one cause become one entry until hand_over(), so that a storm of losses costs
// a line per flush interval, not one per event.
class LossLedger {
 public:
  void add(const format::Loss& loss);
  bool pending() const { return !pending_.empty(); }
  // Gives the pending entries to the trace.
  void hand_over(format::TraceWriter& trace);
  // Over the whole recording: events that are not in the trace, and events that are, but without their path
  // or process.
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
