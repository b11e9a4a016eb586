// How the views of `diff` are printed.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "replay/comparison.h"
#include "replay/diff_table.h"
#include "replay/finding.h"
#include "replay/options.h"
#include "replay/text_buffer.h"

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
