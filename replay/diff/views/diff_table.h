// Makes the table of `diff --by`: quantities of each key, side by side.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "format/base/error.h"
#include "replay/diff/runs/comparison.h"

namespace rfan::replay {

enum class DiffKey : std::uint8_t { kPath, kDirectory, kExe, kKind };
std::string_view diff_key_name(DiffKey key);
// Parses "exe,path".
Result<std::vector<DiffKey>> parse_diff_keys(std::string_view text);

// Means over the runs of one side.
struct Quantities {
  double events = 0;
  double rate = 0;   // events a second
  double files = 0;  // distinct, before folding
  double opens = 0;
  double reopens = 0;  // opens beyond the first of each file
  double waited_ns = 0;
  std::uint32_t reply_p50_ns = 0;  // of all runs together; 0: no held event
  std::uint32_t reply_p99_ns = 0;
};

// Describes one of the quantities, which --by shows and --fail-on limits.
struct Quantity {
  enum class Unit : std::uint8_t { kCount, kPerSecond, kNs, kLatencyNs };  // a kLatencyNs of 0 means none
  std::string_view name;  // of a limit and, except for the first, of a column
  double (*of)(const Quantities&);
  Unit unit;
};
// Returns all quantities. The first is "count", the events.
std::span<const Quantity> all_quantities();

struct DiffRow {
  std::vector<std::string> key;
  Quantities base, fresh;
  double share = 0;  // of all events of the new runs
  double p_value = 1;
  double q_value = 1;
  bool doubtful = false;  // a loss in one of the traces could have caused it

  double delta() const { return fresh.events - base.events; }
  bool significant() const;
};

struct DiffTable {
  std::vector<DiffKey> keys;
  std::vector<DiffRow> rows;  // the largest differences first
};

// Makes one row for each combination of `keys`; without keys, one row for everything.
DiffTable make_diff_table(const Comparison& comparison, std::vector<DiffKey> keys);

}  // namespace rfan::replay
