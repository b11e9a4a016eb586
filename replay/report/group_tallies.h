// Sums up the measures of each group on one thread.
#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "format/model/event_block.h"
#include "replay/query/query.h"
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

// The measures that are a sum, a least or a most: one Tally for each group of one file, in an array where
// Grouping::dense(), in a hash map elsewhere. One thread owns an instance. Callers extend the grouping before
// add().
class GroupTallies {
 public:
  GroupTallies(const ReportSpec& spec, const Grouping& grouping)
      : grouping_(grouping),
        opens_(spec.wants(Measure::kOpens)),
        times_(spec.wants_times()),
        wait_(spec.wants(Measure::kWait)) {}

  void add(const Batch& batch);

  // Returns the number of groups that have events.
  std::size_t group_count() const {
    const auto has_events = [](const Tally& tally) { return tally.events != 0; };
    return sparse_.size() + static_cast<std::size_t>(std::count_if(dense_.begin(), dense_.end(), has_events));
  }

  // Calls visit(code, tally) for each group that has events.
  template <typename Visit>
  void for_each_group(Visit visit) const {
    for (std::size_t i = 0; i < dense_.size(); ++i) {
      if (dense_[i].events != 0) visit(grouping_.dense_code(i), dense_[i]);
    }
    for (const auto& [code, tally] : sparse_) visit(code, tally);
  }

 private:
  Tally& slot(GroupCode code);
  void add(const format::EventColumns& events, std::uint32_t row);

  const Grouping& grouping_;
  const bool opens_, times_, wait_;
  std::vector<Tally> dense_;                      // if Grouping::dense()
  absl::flat_hash_map<GroupCode, Tally> sparse_;  // if not Grouping::dense()
  GroupCode last_code_ = 0;
  Tally* last_ = nullptr;  // the tally of last_code_ in sparse_
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

// The measures that need more than a Tally for each group of one file: distinct files, opens by process and
// file, latencies. Their memory grows with what they tell apart, so that only requested measures are kept.
// One thread owns an instance. Callers extend the grouping before add().
class GroupDetails {
 public:
  GroupDetails(const ReportSpec& spec, const Grouping& grouping)
      : grouping_(grouping),
        pairing_(spec.short_ns),
        reopens_(spec.wants(Measure::kReopens)),
        short_(spec.wants(Measure::kShort)),
        files_(spec.wants(Measure::kFiles)),
        latencies_(spec.wants_latencies()) {}

  // Returns true if the report shows one of these measures.
  bool wanted() const { return reopens_ || short_ || files_ || latencies_; }

  void add(const Batch& batch);

  // Returns what the opens of the block leave to the blocks around it; null unless short opens are counted.
  std::unique_ptr<OpenPairing::Changes> finish_block() { return short_ ? pairing_.finish_block() : nullptr; }

  absl::flat_hash_map<CodePair, std::uint64_t> opens_of_pairs;  // group; process and path
  absl::flat_hash_set<CodePair> paths_of_groups;                // group; path
  absl::flat_hash_map<std::uint64_t, std::uint64_t> buckets;    // group << 8 | bucket of LatencyHistogram
  absl::flat_hash_map<GroupCode, std::uint64_t> short_opens;

 private:
  void add(const format::EventColumns& events, std::uint32_t row);

  const Grouping& grouping_;
  OpenPairing pairing_;
  const bool reopens_, short_, files_, latencies_;
};

}  // namespace rfan::replay
