// Pruning, bit sets and columns against the plain reading of the rules, on random traces and random filters.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "format/trace_reader.h"
#include "replay/filter.h"
#include "tests/replay/sample_trace.h"

namespace rfan::replay {
namespace {

using format::Event;
using format::EventKind;
using replay_test::kSecond;

struct Row {
  Event event;
  std::uint64_t realtime_ns = 0;
};

class FilterProperty : public testing::Test {
 protected:
  std::uint32_t below(std::uint32_t limit) { return static_cast<std::uint32_t>(random_() % limit); }

  template <typename T>
  T any_of(const std::vector<T>& choices) {
    return choices[below(static_cast<std::uint32_t>(choices.size()))];
  }

  // Blocks of 0 to 40 events; names and processes appear as the trace goes on; the wall clock jumps.
  void write_random_trace(const std::string& path) {
    auto writer = replay_test::create_trace(path);
    std::vector<format::ProcessId> processes{0};
    std::uint64_t now_ns = kSecond, offset_ns = 1000 * kSecond;
    for (int block = 0; block < 20; ++block) {
      if (below(3) == 0) processes.push_back(add_process(*writer));
      const auto recent = static_cast<std::uint32_t>(std::min<std::size_t>(processes.size(), 3));
      for (auto left = below(40); left > 0; --left) {
        now_ns += below(200) * 1'000'000;
        const auto kind = static_cast<EventKind>(1 + below(block % 2 ? 3 : 10));
        const auto process = below(5) == 0 ? 0 : processes[processes.size() - 1 - below(recent)];
        const auto path2 = kind == EventKind::kRename ? random_path(*writer) : 0;
        writer->add_event({now_ns, kind, 0, process, random_path(*writer), path2, 0});
      }
      if (below(4) == 0) offset_ns += (below(3) == 0 ? -30 : 20) * kSecond;
      replay_test::check(writer->flush({now_ns, now_ns + offset_ns, now_ns}));
    }
    replay_test::check(writer->finish({now_ns, now_ns + offset_ns, now_ns}, {}));
  }

  format::ProcessId add_process(format::TraceWriter& writer) {
    format::Process process;
    process.pid = 1 + below(6);
    process.comm = any_of<std::string>({"vim", "bash", "cc1plus", "kworker/0:1", ""});
    process.exe =
        below(4) == 0 ? 0 : writer.intern_path("/usr/bin/" + any_of<std::string>({"vim", "bash", "cat"}));
    return writer.add_process(process);
  }

  format::PathId random_path(format::TraceWriter& writer) {
    if (below(8) == 0) return 0;
    return writer.intern_path(any_of<std::string>({"/a/", "/a/b/", "/usr/"}) +
                              any_of<std::string>({"x.h", "y.c", "z"}) + std::to_string(below(4)));
  }

  std::vector<std::string> some(const std::vector<std::string>& choices) {
    std::vector<std::string> values;
    for (auto left = below(5) < 3 ? 0 : 1 + below(2); left > 0; --left) {
      values.push_back((below(3) == 0 ? "!" : "") + any_of(choices));
    }
    return values;
  }

  FilterArguments random_arguments() {
    return {.exe = some({"vim", "b*", "/usr/bin/cat", "/usr/", "nothing"}),
            .comm = some({"vim", "kworker*", "c*s"}),
            .pid = some({"1", "2", "5", "77"}),
            .path = some({"*.h?", "/a/", "/a/*", "/usr/**", "z1", "nothing"}),
            .kind = some({"open", "rename,delete", "exec", "attrib"}),
            .since = some({"+3s", "+20s", "@1010", "00:17:10", "+1h"}),
            .until = some({"+10s", "+40s", "@1030", "@1"})};
  }

  std::mt19937::result_type seed_ = std::random_device()();
  std::mt19937 random_{seed_};
};

bool matches(const FilterSpec& spec, const Row& row, const format::Dictionary& dictionary,
             const Timeline& timeline) {
  const auto& event = row.event;
  const auto process = event.process == 0 ? format::Process{} : dictionary.process(event.process);
  const auto exe = process.exe == 0 ? std::string_view() : dictionary.path(process.exe);
  const auto path = event.path == 0 ? std::string_view() : dictionary.path(event.path);
  const auto path2 = event.path2 == 0 ? std::string_view() : dictionary.path(event.path2);
  const auto later = [&](const TimePoint& point) {
    if (const auto* relative = std::get_if<RelativeTime>(&point))
      return event.time_ns >= timeline.start_ns() + relative->ns;
    if (const auto* absolute = std::get_if<AbsoluteTime>(&point)) return row.realtime_ns >= absolute->ns;
    return row.realtime_ns >=
           std::get<TimeOfDay>(point).ns;  // the sample traces begin in the first hour of 1970
  };
  return spec.exe.accept([&](const auto& pattern) { return pattern.matches(exe, process.comm); }) &&
         spec.comm.accept([&](const auto& pattern) { return pattern.matches(process.comm); }) &&
         spec.pid.accept([&](auto pid) { return event.process != 0 && pid == process.pid; }) &&
         spec.path.accept(
             [&](const auto& pattern) { return pattern.matches(path) || pattern.matches(path2); }) &&
         spec.kind.accept([&](auto kind) { return kind == event.kind; }) && spec.since.accept(later) &&
         spec.until.accept([&](const auto& point) { return !later(point); });
}

// Reads `path` block by block and checks the filter of `arguments`; returns how many events matched, and
// counts the blocks that were pruned.
std::size_t check_trace(const std::string& path, const FilterArguments& arguments, std::size_t& pruned) {
  const auto spec = parse_filter(arguments, true).value();
  auto reader = format::TraceReader::open(format::open_source(path).value(), [](const auto&) {}).value();
  Timeline timeline(reader->clocks());
  Filter filter(spec);
  std::size_t matched = 0;
  while (const auto block = reader->next_block().value()) {
    timeline.refresh(block->statistics.totals.first_ns);
    filter.extend(reader->dictionary());
    format::EventColumns all, needed;
    std::vector<std::uint32_t> rows, expected;
    EXPECT_TRUE(reader->decode(*block, format::kAllColumns, all).ok());
    for (std::uint32_t i = 0; i < all.count; ++i) {
      const Row row{{all.time_ns[i], all.kind[i], all.flags[i], all.process[i], all.path[i], all.path2[i], 0},
                    format::to_realtime_ns(reader->clocks(), all.time_ns[i])};
      if (matches(spec, row, reader->dictionary(), timeline)) expected.push_back(i);
    }
    if (filter.may_match(block->statistics, timeline)) {
      EXPECT_TRUE(reader->decode(*block, filter.columns(), needed).ok());
      filter.select(needed, timeline, rows);
    } else {
      ++pruned;
    }
    EXPECT_EQ(rows, expected);
    matched += expected.size();
  }
  return matched;
}

TEST_F(FilterProperty, SelectsExactlyWhatTheRulesSay) {
  SCOPED_TRACE(testing::Message() << "seed " << seed_);
  const replay_test::ScratchDirectory scratch;
  std::size_t matched = 0, pruned = 0;
  for (int trace = 0; trace < 20; ++trace) {
    const auto path = scratch.file("t.fbz");
    write_random_trace(path);
    for (int query = 0; query < 50; ++query) {
      const auto arguments = random_arguments();
      matched += check_trace(path, arguments, pruned);
      if (HasFailure()) FAIL() << "trace " << trace << ", query " << query;
    }
  }
  EXPECT_GT(matched, 100U);
  EXPECT_GT(pruned, 100U);
}

}  // namespace
}  // namespace rfan::replay
