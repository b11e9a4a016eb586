#include "replay/report/group_tallies.h"

#include "format/model/latency_histogram.h"

namespace rfan::replay {

using format::EventKind;

void GroupTallies::add(const Batch& batch) {
  if (grouping_.dense()) dense_.resize(grouping_.dense_count());
  batch.for_each_row([&](std::uint32_t row) { add(batch.events, row); });
}

Tally& GroupTallies::slot(GroupCode code) {
  if (!dense_.empty()) return dense_[grouping_.dense_index(code)];
  if (code != last_code_ || last_ == nullptr) {
    last_ = &sparse_[code];
    last_code_ = code;
  }
  return *last_;
}

void GroupTallies::add(const format::EventColumns& events, std::uint32_t row) {
  auto& tally = slot(grouping_.code_of(events, row));
  ++tally.events;
  if (opens_) tally.opens += events.kind[row] == EventKind::kOpen;
  if (wait_) tally.wait_ns += events.reply_ns[row];
  if (!times_) return;
  const auto time_ns = events.time_ns[row];
  tally.first_ns = std::min(tally.first_ns, time_ns);
  tally.last_ns = std::max(tally.last_ns, time_ns);
}

void GroupDetails::add(const Batch& batch) {
  batch.for_each_row([&](std::uint32_t row) { add(batch.events, row); });
}

void GroupDetails::add(const format::EventColumns& events, std::uint32_t row) {
  const auto code = grouping_.code_of(events, row);
  if (files_ && events.path[row] != 0) paths_of_groups.insert({code, events.path[row]});
  if (latencies_ && (events.flags[row] & format::kFlagHeld)) {
    ++buckets[code << 8U | format::LatencyHistogram::bucket_of(events.reply_ns[row])];
  }
  if (!reopens_ && !short_) return;
  if (events.process[row] == 0 || events.path[row] == 0) return;
  const auto pair = pair_of(events.process[row], events.path[row]);
  if (reopens_ && events.kind[row] == EventKind::kOpen) ++opens_of_pairs[{code, pair}];
  if (short_) pairing_.add(pair, events.kind[row], events.time_ns[row], code, short_opens);
}

}  // namespace rfan::replay
