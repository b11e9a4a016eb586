// Checks the limits of `diff --fail-on`, for a gate in CI.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "format/base/error.h"
#include "replay/diff/views/diff_table.h"

namespace rfan::replay {

// A limit: "count:+10%" allows at most 10 % more than the base, "files:+0" not one file more, and
// "count:-20%" at most 20 % less.
struct Limit {
  std::string text;    // as typed
  std::string metric;  // the name of a Quantity
  double change = 0;   // signed; of the base when `relative`, else absolute
  bool relative = false;

  bool broken_by(double base, double fresh) const;
};

Result<Limit> parse_limit(std::string_view text);

// Returns "count:+10%: 7,896 -> 9,000 (+14.0 %)" for each limit that is broken by `all`, the sums over
// everything.
std::vector<std::string> broken_limits(const std::vector<Limit>& limits, const DiffRow& all);

}  // namespace rfan::replay
