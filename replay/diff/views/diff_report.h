// Prints the views of `diff`.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "replay/diff/causes/finding.h"
#include "replay/diff/causes/time_change.h"
#include "replay/diff/runs/comparison.h"
#include "replay/diff/views/diff_table.h"
#include "replay/text/text_buffer.h"
#include "replay/verb/options.h"

namespace rfan::replay {

struct DiffLook {
  OutputFormat format = OutputFormat::kText;
  bool colour = false;
  bool for_people() const { return format == OutputFormat::kText || format == OutputFormat::kMarkdown; }
};

// Prints findings in the given order as a table with numbered lines, the first one after `before`; as one
// JSON object per line, or as csv.
void print_findings(std::span<const Finding> findings, std::size_t before, const DiffLook& look,
                    TextBuffer& out);

void print_diff_table(const DiffTable& table, std::span<const DiffRow> rows, const DiffLook& look,
                      TextBuffer& out);

// Returns a line for each way in which the recordings differ apart from what they recorded.
std::string terms_text(const RecordingTerms& terms);

// Returns a line that says where the time of longer runs went.
std::string time_change_text(const TimeChange& change, const RecordingTerms& terms);

// A line names so many files; it counts more.
inline constexpr std::size_t kMostNamed = 3;

// Returns a finding without its numbers, as a line says it.
std::string finding_text(const Finding& finding);

// Returns two lines: runs, events and time of each side.
std::string sides_text(const Comparison& comparison, const DiffRow& all);

// Returns "<1e-6" or "0.012".
std::string p_text(double p);

}  // namespace rfan::replay
