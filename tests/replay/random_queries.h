// Random traces and random filters with a plain implementation of their meaning, to compare every verb with.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "format/model/event.h"
#include "format/model/latency_histogram.h"
#include "format/trace/trace_writer.h"
#include "tests/replay/sample_trace.h"
#include "tests/support/scratch_directory.h"
#include "tests/support/test_seed.h"

namespace rfan::replay_test {

using format::Event;
using format::EventKind;

// An event with all its names looked up.
struct Row {
  std::size_t file = 0;
  Event event;
  std::uint64_t realtime_ns = 0;
  std::uint64_t steady_ns = 0;  // by the clock at the start
  format::Process process;      // empty if unknown
  std::string exe, path, path2;
};

using Rows = std::vector<Row>;
using Wanted = std::function<bool(const Row&)>;

// A filter as typed, and its meaning.
struct TypedFilter {
  std::vector<std::string> arguments;
  Wanted matches;
};

// Returns the text of one key of `report`, with --depth 1.
std::string label(const std::string& key, const Row& row);

// Returns the lines of the text in ascending order.
std::string in_order(const std::string& text);

// The counts of a group of events.
struct Group {
  std::uint64_t events = 0, opens = 0, reopens = 0, first_ns = UINT64_MAX, last_ns = 0, wait_ns = 0;
  std::set<std::string> files;
  std::set<std::tuple<std::uint32_t, std::uint64_t, std::string>> opened;  // and the process that opened it
  format::LatencyHistogram latencies;

  void add(const Row& row);
  std::string line() const;  // csv, all but the label
};

// Writes random traces, remembers their rows, and runs the program on them with random filters. Steps of a
// run depend on the seed alone.
class QueryProperty : public testing::Test {
 protected:
  // Runs `check` on 20 traces with 25 filters each.
  void for_random_queries(const std::function<void(const TypedFilter&, const Rows&)>& check);

  // Returns the output of the program as sorted lines, without the header.
  std::string csv(const std::string& verb, const TypedFilter& filter, std::vector<std::string> more,
                  bool sorted = true);

  std::uint32_t below(std::size_t limit) { return static_cast<std::uint32_t>(random_() % limit); }

  template <typename T>
  T any_of(const std::vector<T>& choices) {
    return choices[below(choices.size())];
  }

  std::mt19937 random_{tests::test_seed()};

 private:
  // Writes up to three files of one recording. Blocks have 0 to 40 events, a few are larger; names and
  // processes appear during the trace; the wall clock jumps; processes continue in the next file.
  void write_random_traces();
  format::Process random_process(std::uint64_t now_ns);
  void add_random_event(format::TraceWriter& writer, std::uint64_t now_ns, int block,
                        const std::vector<format::Process>& processes,
                        const std::vector<std::string>& executables,
                        std::map<std::size_t, format::ProcessId>& ids);
  format::PathId random_path(format::TraceWriter& writer);
  void read_back(const std::string& path);
  Wanted since_test(const std::string& text) const;
  // Adds no, one or two values of one option, some negated.
  void add_option(TypedFilter& filter, const std::string& option, const std::vector<std::string>& choices,
                  const std::function<Wanted(const std::string&)>& meaning);
  // Returns a comparison, or a combination of several.
  std::pair<std::string, Wanted> random_expression(int depth);
  TypedFilter random_filter();
  Rows wanted(const TypedFilter& filter) const;

  const tests::ScratchDirectory scratch_;
  std::vector<std::string> files_;
  Rows rows_;
  std::uint64_t start_ns_ = 0;
  std::uint64_t steady_offset_ns_ = 0;
};

}  // namespace rfan::replay_test
