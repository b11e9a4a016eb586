// `diff --sequence`: what matched processes did in another order, additionally, or no longer.
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
  bool too_different = false;  // more than kMostEdits; then there are no edits
  std::vector<Edit> edits;     // of steps: path << 8 | kind, see ProcessSteps
};

struct SequenceView {
  std::vector<SequenceChange> changes;  // those of most processes first
  std::size_t alike = 0;                // pairs that did the same
  std::size_t unmatched = 0;            // processes without a counterpart
};

inline constexpr std::size_t kMostEdits = 1000;

// Compares the first base run with the first new one, which must have been read with sequences. Processes of
// one actor are paired by their folded arguments; where several have the same, first those that did the same,
// then in order. Runs of the same step count as one.
SequenceView find_sequence_changes(const Comparison& comparison, const NameFolding& folding);

void print_sequences(const Comparison& comparison, const SequenceView& view, const DiffLook& look,
                     TextBuffer& out);

}  // namespace rfan::replay
