// Defines the fields that filters test, for the filter options and for --where alike.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "format/base/error.h"
#include "replay/query/condition.h"

namespace rfan::replay {

// The operators of comparisons, as bits of an OperatorSet.
enum class Operator : std::uint16_t {
  kEqual = 1U << 0,
  kUnequal = 1U << 1,
  kLess = 1U << 2,
  kLessEqual = 1U << 3,
  kGreater = 1U << 4,
  kGreaterEqual = 1U << 5,
  kGlob = 1U << 6,
  kNoGlob = 1U << 7,
  kRegex = 1U << 8
};

// The operators that a field takes, and the sentence that says so.
struct OperatorSet {
  unsigned bits;
  std::string_view rule;

  bool contains(Operator op) const { return (bits & static_cast<unsigned>(op)) != 0; }
};

// A field of an event. A filter option is short for a comparison of a field: `--exe V` is `exe ~ V`. Both get
// their condition from comparison(), so that they cannot come to differ. The columns that a test reads are
// not listed here: its node in the filter knows them (FilterNode::columns()). Immutable, any thread.
struct Field {
  std::string_view name;
  OperatorSet operators;
  // Makes the test of a value. Gets no negative operator. Fails on a value without meaning.
  Result<ConditionPtr> (*test)(Operator op, const std::string& value, bool utc);
  bool is_path = false;  // its globs are PathPatterns, which can be relative by mistake
};

// A flag of an event, which --where names without an operator.
struct FlagField {
  std::string_view name;
  std::uint8_t bit;  // of format::Event::flags
};

std::span<const Field> all_fields();
std::span<const FlagField> all_flag_fields();

// Returns null if there is no such field.
const Field* find_field(std::string_view name);

// Returns the condition `field op value`. The negative operators != and !~ pass exactly the events that their
// positive twins drop, and so the events whose value is unknown. Precondition: the field takes the operator.
Result<ConditionPtr> comparison(const Field& field, Operator op, const std::string& value, bool utc);

// Reads the value of --pid and --tree.
Result<std::uint32_t> parse_pid(std::string_view text);

}  // namespace rfan::replay
