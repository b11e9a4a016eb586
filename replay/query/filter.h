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
#include "replay/trace/timeline.h"

namespace rfan::replay {

// How much of a block matches according to its statistics. kNone and kAll are certain.
enum class Share : std::uint8_t { kNone, kSome, kAll };

// The rows of a block that match, with scratch memory for finding them. One thread owns an instance.
struct Selection {
  bool all = false;                 // every row; then `rows` is empty
  std::vector<std::uint32_t> rows;  // ascending
  std::size_t count = 0;

  // One mark for each event: the result of Filter::path_test() on its paths. Empty if the paths are decoded
  // instead.
  std::vector<std::uint8_t> path_marks;

  std::vector<std::vector<std::uint8_t>> masks;  // scratch, by depth of the tree
};

// Evaluates a Condition on the blocks of one file. Tests each dictionary entry once and keeps the result as a
// bit (a byte for paths). For each block: judge() its statistics, decode columns(), then select(). Any number
// of threads may use an instance between calls of extend().
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

  // Selects the matching rows. Precondition: extend() has seen all ids in `events`. Consists of mark() and,
  // for callers that need rows, list_rows().
  void select(const format::EventColumns& events, const Timeline& timeline, Selection& out) const {
    if (mark(events, timeline, out); !out.all) list_rows(out);
  }
  // Sets `all` and `count`. Unless `all`, sets masks[0] to 1 for each selected event and to 0 for the others.
  void mark(const format::EventColumns& events, const Timeline& timeline, Selection& out) const;
  static void list_rows(Selection& out);

  class Node;  // one test of the tree, with its results

 private:
  ConditionPtr condition_;      // the nodes refer into it
  std::unique_ptr<Node> root_;  // null: everything passes
  std::vector<const Node*> path_nodes_;
};

}  // namespace rfan::replay
