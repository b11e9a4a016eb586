// Counts the events of each group, and nothing else, on one thread.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "format/model/event.h"
#include "replay/query/counting_sink.h"
#include "replay/report/grouping.h"

namespace rfan::replay {

// The counts of a report that shows no other measure. Counts by dictionary id where it can and turns ids into
// groups at the end, in an array where Grouping::dense(), in a hash map elsewhere. One thread owns an
// instance, for one file. Its ways to count are those of a CountingSink, which also says what they mean.
class EventCounter {
 public:
  // `grouping` belongs to the file; all its threads share it.
  explicit EventCounter(Grouping& grouping) : grouping_(grouping) {}

  void add(const Batch& batch);  // after Grouping::extend()
  bool count_block(const format::BlockStatistics& statistics);
  bool count_processes(std::span<const ProcessCount> counts);
  std::span<std::uint32_t> path_counters(std::uint64_t events);
  bool count_masked(const MaskedBatch& batch);

  // Returns the number of groups that have events.
  std::size_t group_count();

  // Calls visit(code, events) for each group that has events.
  template <typename Visit>
  void for_each_group(Visit visit) {
    collect_ids();
    for (std::size_t i = 0; i < dense_.size(); ++i) {
      if (dense_[i] != 0) visit(grouping_.dense_code(i), dense_[i]);
    }
    for (const auto& [code, events] : sparse_) visit(code, events);
  }

 private:
  void count_kinds(const Batch& batch);
  void count_ids(const Batch& batch, const std::vector<std::uint32_t>& ids, std::size_t dictionary_size);
  void expect_ids(std::uint64_t events);
  void collect_ids();
  void make_room();
  void add_events(GroupCode code, std::uint64_t events);

  Grouping& grouping_;
  std::vector<std::uint32_t> by_id_;                      // two counters for each process id or each path id
  std::vector<std::uint32_t> path_counts_;                // by path id, if the decoder counts
  std::uint64_t uncollected_ = 0;                         // events in both
  std::vector<std::uint64_t> dense_;                      // if Grouping::dense()
  absl::flat_hash_map<GroupCode, std::uint64_t> sparse_;  // if not Grouping::dense()
  GroupCode last_code_ = 0;
  std::uint64_t* last_ = nullptr;  // the count of last_code_ in sparse_
};

}  // namespace rfan::replay
