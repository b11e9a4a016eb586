// Pairs opens with the closes that end them.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "format/model/event.h"
#include "replay/query/query.h"
#include "replay/report/grouping.h"

namespace rfan::replay {

// Returns the key of a process and a path of one file.
inline std::uint64_t pair_of(format::ProcessId process, format::PathId path) {
  return std::uint64_t{process} << 32U | path;
}

struct Opened {
  std::uint64_t time_ns;
  GroupCode group;
};

// Holds the opens that have no close yet, by process and path of one file. Only the last open of a pair
// counts.
class OpenPairing {
 public:
  // The effect of a block on one process and path: the close before any open, if any, and what is open at the
  // end.
  struct Change {
    std::uint64_t pair;
    std::optional<std::uint64_t> first_close_ns;
    std::optional<Opened> open_at_end;
  };
  struct Changes : BlockOutput {
    std::vector<Change> changes;
  };

  explicit OpenPairing(std::uint64_t short_ns) : short_ns_(short_ns) {}

  // Adds to `short_opens`, by the group of the open, each open that is closed before `short_ns` have passed.
  void add(std::uint64_t pair, format::EventKind kind, std::uint64_t time_ns, GroupCode group,
           absl::flat_hash_map<GroupCode, std::uint64_t>& short_opens) {
    using format::EventKind;
    const bool close = kind == EventKind::kCloseWrite || kind == EventKind::kCloseNowrite;
    if (!close && kind != EventKind::kOpen) return;
    const auto [entry, added] = states_.try_emplace(pair);
    auto& state = entry->second;
    if (!close) {
      state.open = Opened{time_ns, group};
    } else if (state.open) {
      if (time_ns - state.open->time_ns < short_ns_) ++short_opens[state.open->group];
      state.open.reset();
    } else if (added) {
      state.first_close_ns = time_ns;
    }
  }

  // Returns the changes of the block, to be combined with earlier blocks in order.
  std::unique_ptr<Changes> finish_block() {
    auto changes = std::make_unique<Changes>();
    for (const auto& [pair, state] : states_)
      changes->changes.push_back({pair, state.first_close_ns, state.open});
    states_.clear();
    return changes;
  }

 private:
  struct State {
    std::optional<std::uint64_t> first_close_ns;
    std::optional<Opened> open;
  };
  std::uint64_t short_ns_;
  absl::flat_hash_map<std::uint64_t, State> states_;  // of the block
};

}  // namespace rfan::replay
