// Counts the events of one file on one thread for a report.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "replay/query/counting_sink.h"
#include "replay/report/event_counter.h"
#include "replay/report/group_tallies.h"
#include "replay/report/grouping.h"
#include "replay/report/report_spec.h"

namespace rfan::replay {

// The sink of a report. A report that shows events alone counts them with the EventCounter, by the ways of a
// CountingSink; any other sums up with GroupTallies row by row. GroupDetails are added where the report shows
// them.
class ReportSink : public CountingSink {
 public:
  // `grouping` belongs to the file; all its threads share it.
  ReportSink(const ReportSpec& spec, Grouping& grouping);

  void add(const Batch& batch) override;
  std::unique_ptr<BlockOutput> output() override { return details_.finish_block(); }

  bool count_block(const format::BlockStatistics& statistics) override {
    return only_events_ && counter_.count_block(statistics);
  }
  bool count_processes(std::span<const ProcessCount> counts) override {
    return only_events_ && counter_.count_processes(counts);
  }
  std::span<std::uint32_t> path_counters(std::uint64_t events) override {
    return only_events_ ? counter_.path_counters(events) : std::span<std::uint32_t>();
  }
  bool count_masked(const MaskedBatch& batch) override {
    return only_events_ && counter_.count_masked(batch);
  }

  // Returns the number of groups that have events.
  std::size_t group_count() { return tallied_ ? tallies_.group_count() : counter_.group_count(); }

  // Calls visit(code, tally) for each group that has events.
  template <typename Visit>
  void for_each_group(Visit visit) {
    if (tallied_) return tallies_.for_each_group(visit);
    counter_.for_each_group([&](GroupCode code, std::uint64_t events) { visit(code, Tally{events}); });
  }

  const GroupDetails& details() const { return details_; }

 private:
  Grouping& grouping_;
  EventCounter counter_;  // unless tallied_
  GroupTallies tallies_;  // if tallied_
  GroupDetails details_;
  const bool tallied_;      // the report shows more than events of a Tally
  const bool only_events_;  // the report shows neither that nor details
};

}  // namespace rfan::replay
