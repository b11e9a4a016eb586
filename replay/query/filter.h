// Which events of one file a query wants: a Condition, decided as cheaply as each of its tests allows.
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

// How much of a block matches, as far as its statistics tell. kNone and kAll are certain.
enum class Share : std::uint8_t { kNone, kSome, kAll };

// The rows of a block that match, with the memory that finding them takes. One thread owns an instance.
struct Selection {
  bool all = false;                 // every row; then `rows` is empty
  std::vector<std::uint32_t> rows;  // ascending
  std::size_t count = 0;

  // Of the events, what Filter::path_test() says of their paths; empty when the paths are decoded instead.
  std::vector<std::uint8_t> path_marks;

  std::vector<std::vector<std::uint8_t>> masks;  // scratch, by depth of the tree
};

// What concerns a dictionary value is decided once per entry and kept as one bit. Of one block: judge() by
// its statistics, then decode columns(), then select(). Between calls of extend() any number of threads may
// use an instance.
class Filter {
 public:
  // A null condition lets everything pass.
  explicit Filter(ConditionPtr condition);
  ~Filter();
  Filter(Filter&&) noexcept;

  // Decides the entries the dictionary got since the last call. The same dictionary every time.
  void extend(const format::Dictionary& dictionary);

  Share judge(const format::BlockStatistics& statistics, const Timeline& timeline) const;

  // The same from the time range alone, which is known before the block is read.
  bool may_match_time(std::uint64_t first_ns, std::uint64_t last_ns, const Timeline& timeline) const;
  // A loss outside the time that was asked for does not touch the answer.
  std::vector<format::Loss> losses_in_time(std::span<const format::Loss> losses,
                                           const Timeline& timeline) const;

  // What is doubtful about the times that were asked for, see TimeFilter::doubts().
  std::vector<std::string> time_doubts(const Timeline& timeline) const;

  // Whether extend() must find the command lines of processes in the dictionary.
  bool reads_command_lines() const;

  // The columns that select() reads; none when everything passes.
  format::ColumnSet columns() const;

  // When paths are asked for once: what is asked, for Selection::path_marks. The columns of its paths need
  // not be decoded then. Nothing when there is no such test, or more than one.
  std::optional<format::PathMarks> path_test() const;

  // Ids in `events` must be below what extend() saw. Two steps, of which the second is for who wants rows.
  void select(const format::EventColumns& events, const Timeline& timeline, Selection& out) const {
    if (mark(events, timeline, out); !out.all) list_rows(out);
  }
  // Sets `all` and `count`, and masks[0] to 1 for each event that is selected.
  void mark(const format::EventColumns& events, const Timeline& timeline, Selection& out) const;
  static void list_rows(Selection& out);

  class Node;  // one test of the tree, with its bits

 private:
  ConditionPtr condition_;      // the nodes refer into it
  std::unique_ptr<Node> root_;  // null: everything passes
  std::vector<const Node*> path_nodes_;
};

}  // namespace rfan::replay
