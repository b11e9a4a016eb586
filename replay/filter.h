// Which events of one file a query wants: a Condition, decided as cheaply as each of its tests allows.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "format/event.h"
#include "format/trace_reader.h"
#include "replay/condition.h"
#include "replay/timeline.h"

namespace rfan::replay {

// How much of a block matches, as far as its statistics tell. kNone and kAll are certain.
enum class Share : std::uint8_t { kNone, kSome, kAll };

// The rows of a block that match, with the memory that finding them takes. One thread owns an instance.
struct Selection {
  bool all = false;                 // every row; then `rows` is empty
  std::vector<std::uint32_t> rows;  // ascending
  std::size_t count = 0;

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

  // Whether extend() must find the command lines of processes in the dictionary.
  bool reads_command_lines() const;

  // The columns that select() reads; none when everything passes.
  format::ColumnSet columns() const;

  // Ids in `events` must be below what extend() saw.
  void select(const format::EventColumns& events, const Timeline& timeline, Selection& out) const;

  class Node;  // one test of the tree, with its bits

 private:
  ConditionPtr condition_;      // the nodes refer into it
  std::unique_ptr<Node> root_;  // null: everything passes
};

}  // namespace rfan::replay
