// What a query asks of an event, as a tree of tests. Made by the filter options and by --where, turned into
// bits and byte masks by Filter.
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

// Decided once per process of the dictionary. Must be safe to call from any thread, as must all others here.
struct ProcessTest {
  std::function<bool(const ProcessView&)> accept;
  bool reads_command_line = false;
};

// Decided once per path of the dictionary; holds for an event when it holds for one of the paths looked at.
// An unknown path is the empty one.
struct PathTest {
  enum class Which : std::uint8_t { kEither, kFirst, kSecond };
  std::function<bool(std::string_view)> accept;
  Which which = Which::kEither;
};

// The kind is one of those whose bit (1 << kind) is set.
struct KindTest {
  std::uint32_t kinds = 0;
};

// (flags & mask) == value.
struct FlagTest {
  std::uint8_t mask = 0;
  std::uint8_t value = 0;
};

// A held event whose reply latency lies between the two, both inclusive.
struct LatencyTest {
  std::uint64_t least_ns = 0;
  std::uint64_t most_ns = UINT64_MAX;
};

struct TimeTest {
  TimeFilter filter;
};

// Immutable and shared: the same tree serves every file and every thread.
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

}  // namespace rfan::replay
