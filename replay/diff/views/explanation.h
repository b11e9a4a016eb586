// The view of `diff --explain`: the evidence for one finding, and the commands that show it.
#pragma once

#include <span>
#include <string>

#include "replay/diff/causes/finding.h"
#include "replay/diff/runs/comparison.h"
#include "replay/diff/runs/diff_input.h"
#include "replay/query/filter_parser.h"
#include "replay/verb/session.h"

namespace rfan::replay {

// Returns the filters that select the events of a finding in a trace: its program, or its files. A folded
// part of a name becomes a wildcard, and a directory of --map is called as it was, too.
FilterArguments filters_of(const Finding& finding, const FoldingSpec& folding);

// Reads the traces again with these filters besides those of the comparison, and prints for each run how many
// events they select and when the first and last of them were; the files; the findings that share a program;
// and command lines for the bad run, quoted for a shell. Fails if a trace cannot be read.
Status print_explanation(std::span<const Finding> findings, std::size_t index, const Comparison& comparison,
                         const FoldingSpec& folding, const Session& session);

}  // namespace rfan::replay
