// Parses the values of the filter options into a Condition.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "format/base/error.h"
#include "replay/query/condition.h"

namespace rfan::replay {

// The values as they were typed. Values of one option are OR-ed, options are AND-ed, negated values must all
// fail (format::Alternatives).
struct FilterArguments {
  std::vector<std::string> exe{}, comm{}, pid{}, tree{}, user{}, cgroup{}, path{}, kind{}, since{}, until{},
      min_latency{}, verdict{}, where{};
};

// Returns the condition for the arguments, or null if there are none. Fails on an invalid value; the message
// names the option and the accepted forms. An unknown process or path matches no value: a plain filter drops
// its event, a negated one keeps it. Appends a line to `notes` for each glob that matches no recorded path.
Result<ConditionPtr> parse_filter(const FilterArguments& arguments, bool utc,
                                  std::vector<std::string>* notes = nullptr);

// Parses one --where expression:
//   EXPR       := EXPR or EXPR | EXPR and EXPR | not EXPR | ( EXPR ) | COMPARISON
//   COMPARISON := FIELD OPERATOR VALUE | FLAG
//   OPERATOR   := == | = | != | < | <= | > | >= | ~ (glob) | !~ | =~ (RE2, anywhere in the text)
//   VALUE      := a word, or text in '...' or "..."
// Error::what has three lines: the fault, the expression, and a caret under the fault. Uses `notes` like
// parse_filter().
Result<ConditionPtr> parse_where(std::string_view text, bool utc, std::vector<std::string>* notes = nullptr);

// These parse the values that options and --where share.
Result<std::uint32_t> parse_kinds(std::string_view comma_list);  // as bits (1 << kind)
Result<FlagTest> parse_verdict(std::string_view text);

}  // namespace rfan::replay
