// From the names on the command line to the runs of a comparison.
#pragma once

#include <string>
#include <vector>

#include "replay/diff/runs/comparison.h"
#include "replay/verb/session.h"

namespace rfan::replay {

// --base-window and --new-window: "FROM..TO", each a TIME, either may be missing. As a condition.
Result<ConditionPtr> parse_window(std::string_view text, bool utc);

struct DiffInput {
  std::vector<RunPart> parts;
  RunCounts counts;
  bool partial = false;
};

// What one side reads besides the session's filters.
struct SideWindow {
  ConditionPtr base;  // null: all of it
  ConditionPtr fresh;
};

// More runs than this tell nothing new, and the ways to regroup them are counted as bits.
inline constexpr std::size_t kMaxRuns = 20;

// Every trace (file, directory, rotated set or stream) is one run; all are read in parallel.
Result<DiffInput> read_runs(const Session& session, const SideWindow& window, const NameFolding& folding,
                            bool sequences);

}  // namespace rfan::replay
