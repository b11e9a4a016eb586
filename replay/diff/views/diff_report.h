// How the views of `diff` are printed.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "replay/diff/causes/finding.h"
#include "replay/diff/runs/comparison.h"
#include "replay/diff/views/diff_table.h"
#include "replay/text/text_buffer.h"
#include "replay/verb/options.h"

namespace rfan::replay {

struct DiffLook {
  OutputFormat format = OutputFormat::kText;
  bool colour = false;
};

// Findings in the order given, as a table, one JSON object a line, or csv.
void print_findings(std::span<const Finding> findings, const DiffLook& look, TextBuffer& out);

void print_diff_table(const DiffTable& table, std::span<const DiffRow> rows, const DiffLook& look,
                      TextBuffer& out);

// Two lines: runs, events and time of each side.
std::string sides_text(const Comparison& comparison, const DiffRow& all);

// "<1e-6", "0.012".
std::string p_text(double p);

}  // namespace rfan::replay
