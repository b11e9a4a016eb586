// What was lost, why, how much and when: coalesced between two flushes.
#pragma once

#include <cstdint>
#include <vector>

#include "format/event.h"
#include "format/trace_writer.h"

namespace rfan::recorder {

// Writer thread only. Losses of one cause become one entry until hand_over(), so that a storm of losses costs
// a line per flush interval, not one per event.
class LossLedger {
 public:
  void add(const format::Loss& loss);
  bool pending() const { return !pending_.empty(); }
  // Gives the pending entries to the trace.
  void hand_over(format::TraceWriter& trace);
  // Over the whole recording, a loss of unknown size counting as one: events that are not in the trace, and
  // events that are, but without their path or process.
  std::uint64_t lost() const { return lost_; }
  std::uint64_t impaired() const { return impaired_; }

 private:
  std::vector<format::Loss> pending_;
  std::uint64_t lost_ = 0;
  std::uint64_t impaired_ = 0;
};

}  // namespace rfan::recorder
