// From the values of the filter options, as they were typed, to a Condition.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "format/base/error.h"
#include "replay/query/condition.h"

namespace rfan::replay {

// Values of one option are OR-ed, options are AND-ed, negated values must all fail (format::Alternatives).
struct FilterArguments {
  std::vector<std::string> exe{}, comm{}, pid{}, tree{}, user{}, cgroup{}, path{}, kind{}, since{}, until{},
      min_latency{}, verdict{}, where{};
};

// Null when there are no arguments. Fails on a value that means nothing; the message names the option and the
// accepted forms. An unknown process or path matches no value: a plain filter on it drops the event, a
// negated one keeps it. `notes` gets a line for each glob that matches no recorded path.
Result<ConditionPtr> parse_filter(const FilterArguments& arguments, bool utc,
                                  std::vector<std::string>* notes = nullptr);

// Parses one --where expression:
//   EXPR       := EXPR or EXPR | EXPR and EXPR | not EXPR | ( EXPR ) | COMPARISON
//   COMPARISON := FIELD OPERATOR VALUE | FLAG
//   OPERATOR   := == | = | != | < | <= | > | >= | ~ (glob) | !~ | =~ (RE2, anywhere in the text)
//   VALUE      := a word, or text in '...' or "..."
// Error::what has three lines: the fault, the expression, and a caret under the place.
// `notes` as above.
Result<ConditionPtr> parse_where(std::string_view text, bool utc, std::vector<std::string>* notes = nullptr);

// The values that options and --where share.
Result<std::uint32_t> parse_kinds(std::string_view comma_list);  // as bits (1 << kind)
Result<std::uint32_t> parse_user(std::string_view text);         // number, or a name of this machine
Result<FlagTest> parse_verdict(std::string_view text);

}  // namespace rfan::replay
