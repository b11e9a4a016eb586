// Reads the runs of a comparison that the command line names.
#pragma once

#include <string>
#include <vector>

#include "replay/diff/runs/comparison.h"
#include "replay/verb/session.h"

namespace rfan::replay {

// Parses --base-window and --new-window: "FROM..TO". Each is a TIME, and either may be missing.
Result<ConditionPtr> parse_window(std::string_view text, bool utc);

struct DiffInput {
  std::vector<RunPart> parts;
  RunCounts counts;
  bool partial = false;
};

// The time windows of the sides, in addition to the session's filters.
struct SideWindow {
  ConditionPtr base;  // null: everything
  ConditionPtr fresh;
};

// More runs add nothing, and the regroupings of runs are counted as bits.
inline constexpr std::size_t kMaxRuns = 20;

// Says what a view needs besides counts.
struct ViewNeeds {
  bool sequences = false;
  bool replies = false;  // latencies
};

// Reads all traces in parallel. Every trace (file, directory, rotated set or stream) is one run.
Result<DiffInput> read_runs(const Session& session, const SideWindow& window, const NameFolding& folding,
                            const ViewNeeds& needs);

}  // namespace rfan::replay
