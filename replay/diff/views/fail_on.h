// `diff --fail-on`: limits that a new run must keep, for a gate in CI.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "format/base/error.h"
#include "replay/diff/views/diff_table.h"

namespace rfan::replay {

// "count:+10%": no more than 10 % above the base; "files:+0": no file more; "count:-20%": no less than 20 %
// below it.
struct Limit {
  std::string text;    // as it was typed
  std::string metric;  // the name of a Quantity
  double change = 0;   // signed; of the base when `relative`, else absolute
  bool relative = false;

  bool broken_by(double base, double fresh) const;
};

Result<Limit> parse_limit(std::string_view text);

// "count:+10%: 7,896 -> 9,000 (+14.0 %)" for each limit that `all`, the sums over everything, breaks.
std::vector<std::string> broken_limits(const std::vector<Limit>& limits, const DiffRow& all);

}  // namespace rfan::replay
