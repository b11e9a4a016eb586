// The view of `diff --sequence`: steps of matched processes that are new, missing, or at another place.
#pragma once

#include <string>
#include <vector>

#include "replay/diff/names/edit_script.h"
#include "replay/diff/runs/comparison.h"
#include "replay/diff/views/diff_report.h"

namespace rfan::replay {

// Processes of one program that all differ from their counterparts in the same way.
struct SequenceChange {
  std::string program;
  std::vector<std::string> command;  // folded arguments of one of them
  std::size_t processes = 1;
  bool too_different = false;  // more than kMostEdits; `edits` is then empty
  std::vector<Edit> edits;     // edits of steps: path << 8 | kind, see ProcessSteps
};

struct SequenceView {
  std::vector<SequenceChange> changes;  // the ones with most processes first
  std::size_t alike = 0;                // pairs that did the same
  std::size_t unmatched = 0;            // processes without a counterpart
};

inline constexpr std::size_t kMostEdits = 1000;

// Compares the first base run with the first new one. Both must have been read with sequences. Pairs
// processes of one actor by their folded arguments. If several have the same arguments, pairs those with
// equal steps first, then the rest in order. Runs of the same step count as one.
SequenceView find_sequence_changes(const Comparison& comparison, const NameFolding& folding);

void print_sequences(const Comparison& comparison, const SequenceView& view, const DiffLook& look,
                     TextBuffer& out);

}  // namespace rfan::replay
