// Counts the events of one file on one thread for a report.
#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "format/model/event.h"
#include "replay/query/counting_sink.h"
#include "replay/report/grouping.h"
#include "replay/report/open_pairing.h"
#include "replay/report/report_spec.h"

namespace rfan::replay {

struct Tally {
  std::uint64_t events = 0;
  std::uint64_t opens = 0;
  std::uint64_t first_ns = UINT64_MAX;  // CLOCK_MONOTONIC
  std::uint64_t last_ns = 0;
  std::uint64_t wait_ns = 0;
};

struct CodePair {
  GroupCode code;
  std::uint64_t pair;
  bool operator==(const CodePair&) const = default;
  template <typename H>
  friend H AbslHashValue(H state, const CodePair& value) {
    return H::combine(std::move(state), value.code, value.pair);
  }
};

// The sink of a report. Counts groups by dictionary id where it can, in dense arrays where Grouping::dense(),
// and in hash maps elsewhere.
class ReportTallies : public CountingSink {
 public:
  // `grouping` belongs to the file; all its threads share it.
  ReportTallies(const ReportSpec& spec, Grouping& grouping);

  void add(const Batch& batch) override;
  bool count_block(const format::BlockStatistics& statistics) override;
  bool count_processes(std::span<const ProcessCount> counts) override;
  std::span<std::uint32_t> path_counters(std::uint64_t events) override;
  bool count_masked(const MaskedBatch& batch) override;
  std::unique_ptr<BlockOutput> output() override;

  // Returns the number of groups that have events.
  std::size_t group_count();

  // Calls visit(code, tally) for each group that has events.
  template <typename Visit>
  void for_each_group(Visit visit) {
    collect_ids();
    const auto code_at = [&](std::size_t i) { return GroupCode{i} << grouping_.dense_shift(); };
    for (std::size_t i = 0; i < dense_counts_.size(); ++i) {
      if (dense_counts_[i] != 0) visit(code_at(i), Tally{dense_counts_[i]});
    }
    for (std::size_t i = 0; i < dense_.size(); ++i) {
      if (dense_[i].events != 0) visit(code_at(i), dense_[i]);
    }
    for (const auto& [code, tally] : tallies_) visit(code, tally);
  }

  absl::flat_hash_map<CodePair, std::uint64_t> opens_of_pairs;  // group; process and path
  absl::flat_hash_set<CodePair> paths_of_groups;                // group; path
  absl::flat_hash_map<std::uint64_t, std::uint64_t> buckets;    // group << 8 | bucket of LatencyHistogram
  absl::flat_hash_map<GroupCode, std::uint64_t> short_opens;

 private:
  bool counts_events() const;
  void count(const Batch& batch);
  void count_kinds(const Batch& batch);
  void count_ids(const Batch& batch, const std::vector<std::uint32_t>& ids, std::size_t dictionary_size);
  void expect_ids(std::uint64_t events);
  void collect_ids();
  void make_room();
  void add_events(GroupCode code, std::uint64_t events);
  Tally& slot(GroupCode code);
  void tally(const format::EventColumns& events, std::uint32_t row);
  void collect(const format::EventColumns& events, std::uint32_t row);

  Grouping& grouping_;
  OpenPairing pairing_;
  const bool count_only_, opens_, reopens_, short_, files_, times_, wait_, latencies_;
  std::vector<std::uint32_t> by_id_;               // two counters for each process id or each path id
  std::vector<std::uint32_t> path_counts_;         // by path id, if the decoder counts
  std::uint64_t uncollected_ = 0;                  // events in both
  std::vector<std::uint64_t> dense_counts_;        // if Grouping::dense() and only events are counted
  std::vector<Tally> dense_;                       // if Grouping::dense() and more is counted
  absl::flat_hash_map<GroupCode, Tally> tallies_;  // if not Grouping::dense()
  GroupCode last_code_ = 0;
  Tally* last_ = nullptr;
};

}  // namespace rfan::replay
