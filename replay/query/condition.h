// The predicate of a query on events, as a tree of tests. The filter options and --where make it; Filter
// turns it into bits and byte masks.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <variant>
#include <vector>

#include "format/trace/trace_reader.h"
#include "replay/query/time_filter.h"
#include "replay/trace/process_view.h"

namespace rfan::replay {

// Tests a process, once for each process of the dictionary. All functions of the tests must be safe to call
// from any thread.
struct ProcessTest {
  std::function<bool(const ProcessView&)> accept;
  bool reads_command_line = false;
};

// Tests a path, once for each path of the dictionary. An event passes if one of the paths that `which` names
// passes. An unknown path is tested as the empty one.
struct PathTest {
  enum class Which : std::uint8_t { kEither, kFirst, kSecond };
  std::function<bool(std::string_view)> accept;
  Which which = Which::kEither;
};

// Passes events whose kind has its bit (1 << kind) set.
struct KindTest {
  std::uint32_t kinds = 0;
};

// Passes events with (flags & mask) == value.
struct FlagTest {
  std::uint8_t mask = 0;
  std::uint8_t value = 0;
};

// Passes held events whose reply latency lies between the two, inclusive.
struct LatencyTest {
  std::uint64_t least_ns = 0;
  std::uint64_t most_ns = UINT64_MAX;
};

struct TimeTest {
  TimeFilter filter;
};

// A node of the tree. Immutable and shared: one tree serves every file and every thread.
struct Condition;
using ConditionPtr = std::shared_ptr<const Condition>;

struct AllOf {
  std::vector<ConditionPtr> parts;  // none: true
};
struct AnyOf {
  std::vector<ConditionPtr> parts;  // none: false
};
struct NoneOf {
  ConditionPtr part;
};

struct Condition {
  std::variant<ProcessTest, PathTest, KindTest, FlagTest, LatencyTest, TimeTest, AllOf, AnyOf, NoneOf> test;
};

template <typename Test>
ConditionPtr condition(Test test) {
  return std::make_shared<const Condition>(Condition{std::move(test)});
}

// Returns a condition that holds where both do. A null one holds everywhere.
inline ConditionPtr both(ConditionPtr left, ConditionPtr right) {
  if (!left || !right) return left ? left : right;
  return condition(AllOf{{std::move(left), std::move(right)}});
}

}  // namespace rfan::replay
