// Defines a node of the tree by which Filter evaluates a Condition.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "format/model/dictionary.h"
#include "format/model/event_block.h"
#include "format/trace/block_decoder.h"
#include "replay/query/condition.h"
#include "replay/query/filter.h"
#include "replay/query/selection.h"
#include "replay/trace/timeline.h"

namespace rfan::replay {

// One test of a condition, or a combination of tests, with its results for the dictionary entries of one
// file. A Filter owns the tree. After extend() has returned, any number of threads may evaluate it, each with
// its own Selection as scratch memory. Every node writes one byte for each event, also where an earlier node
// has excluded the event, so that its loop over the column has no branches.
class FilterNode {
 public:
  virtual ~FilterNode() = default;
  virtual format::ColumnSet columns() const = 0;
  virtual void extend(const format::Dictionary&) {}
  virtual bool reads_command_lines() const { return false; }
  virtual Share judge(const format::BlockStatistics& statistics, const Timeline& timeline) const = 0;
  // Returns false only if no time between the two (inclusive) passes.
  virtual bool may_match_time(std::uint64_t, std::uint64_t, const Timeline&) const { return true; }
  // Returns true if the time alone passes every event between the two (inclusive). Only NoneOf asks.
  virtual bool must_match_time(std::uint64_t, std::uint64_t, const Timeline&) const { return false; }
  // Returns the marks of a path test.
  virtual format::PathMarks path_marks() const { return {}; }
  // Adds the path tests of this node and below.
  virtual void find_path_nodes(std::vector<const FilterNode*>&) const {}
  // Adds the doubts about times of day of this node and below.
  virtual void find_time_doubts(const Timeline&, std::vector<std::string>&) const {}
  // Writes 1 to `out` for each event that passes and 0 for the others.
  virtual void mask(const format::EventColumns& events, const Timeline& timeline, Selection& scratch,
                    std::size_t depth, std::uint8_t* out) const = 0;
};

// Makes the tree for a condition, which must outlive it.
std::unique_ptr<FilterNode> make_filter_node(const Condition& condition);

}  // namespace rfan::replay
