// Selects the events of one file that match a Condition, each test as cheaply as it allows.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "format/model/event.h"
#include "format/trace/trace_reader.h"
#include "replay/query/condition.h"
#include "replay/query/selection.h"
#include "replay/trace/timeline.h"

namespace rfan::replay {

// How much of a block matches according to its statistics. kNone and kAll are certain.
enum class Share : std::uint8_t { kNone, kSome, kAll };

class FilterNode;  // one test of the tree, with its results

// Evaluates a Condition, the predicate of a query, on the blocks of one file. Tests each dictionary entry
// once and keeps the result as a bit (a byte for paths), so that an event costs a look at its id. For each
// block: judge() its statistics, decode columns(), then select(). The thread of the scan calls extend();
// between its calls any number of threads may use an instance, each with a Selection of its own. Pruning by
// judge() and may_match_time() may keep too much but never drops an event that matches. Rejected: evaluating
// the condition event by event, because a condition on names would then compare texts for every event.
class Filter {
 public:
  // A null condition passes everything.
  explicit Filter(ConditionPtr condition);
  ~Filter();
  Filter(Filter&&) noexcept;

  // Tests the entries that the dictionary got since the last call. Always pass the same dictionary.
  void extend(const format::Dictionary& dictionary);

  Share judge(const format::BlockStatistics& statistics, const Timeline& timeline) const;

  // Returns false if the time range alone excludes a block. The time range is known before the block is read.
  bool may_match_time(std::uint64_t first_ns, std::uint64_t last_ns, const Timeline& timeline) const;
  // Returns the losses that can affect the answer: those that touch the selected time.
  std::vector<format::Loss> losses_in_time(std::span<const format::Loss> losses,
                                           const Timeline& timeline) const;

  // Returns the doubts about the times of the filter, see TimeFilter::doubts().
  std::vector<std::string> time_doubts(const Timeline& timeline) const;

  // Returns true if extend() needs the command lines of processes in the dictionary.
  bool reads_command_lines() const;

  // Returns the columns that select() reads; none if everything passes.
  format::ColumnSet columns() const;

  // Returns the test for Selection::path_marks if the condition has exactly one path test, else nothing. With
  // the marks, the path columns need not be decoded.
  std::optional<format::PathMarks> path_test() const;

  // Selects the matching rows. Precondition: extend() has seen all ids in `events`. Consists of mask() and,
  // for callers that need rows, list_rows().
  void select(const format::EventColumns& events, const Timeline& timeline, Selection& out) const {
    if (mask(events, timeline, out); !out.all) list_rows(out);
  }
  // Sets `all` and `count`. Unless `all`, sets masks[0] to 1 for each selected event and to 0 for the others.
  void mask(const format::EventColumns& events, const Timeline& timeline, Selection& out) const;
  static void list_rows(Selection& out);

 private:
  ConditionPtr condition_;            // the nodes refer into it
  std::unique_ptr<FilterNode> root_;  // null: everything passes
  std::vector<const FilterNode*> path_nodes_;
};

}  // namespace rfan::replay
