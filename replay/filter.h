// Which events a query wants. What concerns a dictionary value is decided once per entry and kept as one bit.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "format/alternatives.h"
#include "format/error.h"
#include "format/event.h"
#include "format/pattern.h"
#include "format/trace_reader.h"
#include "replay/id_set.h"
#include "replay/time_filter.h"
#include "replay/timeline.h"

namespace rfan::replay {

// What was asked. Values of one key are OR-ed, keys are AND-ed, negated values must all fail (Alternatives).
struct FilterSpec {
  format::Alternatives<format::ExePattern> exe;
  format::Alternatives<format::CommPattern> comm;
  format::Alternatives<std::uint32_t> pid;
  format::Alternatives<format::PathPattern> path;  // an event with two paths matches when either does
  format::Alternatives<format::EventKind> kind;
  format::Alternatives<TimePoint> since;
  format::Alternatives<TimePoint> until;
  bool utc = false;  // for times of day
};

// The values of the filter options as they were typed.
struct FilterArguments {
  std::vector<std::string> exe{}, comm{}, pid{}, path{}, kind{}, since{}, until{};
  bool empty() const {
    return exe.empty() && comm.empty() && pid.empty() && path.empty() && kind.empty() && since.empty() &&
           until.empty();
  }
};

// Fails on a value that means nothing; the message names the option and the accepted forms.
Result<FilterSpec> parse_filter(const FilterArguments& arguments, bool utc);

// Selects events of blocks that come front to back with a growing dictionary. One thread. An unknown process
// or path (id 0) matches no value: a plain filter on it drops the event, a negated one keeps it.
//
// Per block: extend(), then may_match(), then decode columns(), then select().
class Filter {
 public:
  explicit Filter(FilterSpec spec);

  // Decides the entries the dictionary got since the last call. The same dictionary every time.
  void extend(const format::Dictionary& dictionary);

  // False only when no event of the block can match: by kinds, processes present and time range. `timeline`
  // is refreshed for this block.
  bool may_match(const format::BlockStatistics& statistics, const Timeline& timeline) const;

  // The columns that select() reads; empty when every event matches.
  format::ColumnSet columns() const { return columns_; }

  // Replaces `rows` by the ascending indices of the events that match. Ids must be below what extend() saw.
  void select(const format::EventColumns& events, const Timeline& timeline, std::vector<std::uint32_t>& rows);

 private:
  bool accepts_process(const format::Dictionary& dictionary, format::ProcessId id) const;
  void mask_kinds(const format::EventColumns& events);
  void mask_processes(const format::EventColumns& events);
  void mask_paths(const format::EventColumns& events);
  void mask_times(const format::EventColumns& events, const Timeline& timeline);

  FilterSpec spec_;
  TimeFilter time_;
  format::ColumnSet columns_ = 0;
  std::array<std::uint8_t, 256> kinds_{};  // 1 where the kind is wanted
  IdSet processes_;                        // exe, comm and pid together
  IdSet paths_any_;                        // matches one of the plain values, or there are none
  IdSet paths_none_;                       // matches a negated value
  std::vector<std::uint8_t> mask_;         // per event of the block: 1 while it may still match
};

}  // namespace rfan::replay
