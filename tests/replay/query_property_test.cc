// Compares the verbs that list or sum up events with a plain implementation of their description, row by row,
// on random traces and random filters. report_property_test.cc does the same for `report`.
#include <array>
#include <cstdio>
#include <map>
#include <tuple>

#include "tests/replay/random_queries.h"

namespace rfan::replay_test {
namespace {

TEST_F(QueryProperty, CatPrintsExactlyTheWantedEventsInOrder) {
  for_random_queries([&](const TypedFilter& filter, const Rows& rows) {
    std::string expected;
    for (const auto& row : rows) {
      expected +=
          std::to_string(row.realtime_ns) + ',' + std::string(format::event_kind_name(row.event.kind)) + ',' +
          (row.event.process == 0 ? "" : std::to_string(row.process.pid)) + ',' + row.path + ',' + row.path2 +
          ',' + (row.event.flags & format::kFlagHeld ? std::to_string(row.event.reply_ns) : "") + '\n';
    }
    EXPECT_EQ(csv("cat", filter, {"-F", "time_ns,kind,pid,path,path2,latency_ns"}, false), expected);
  });
}

TEST_F(QueryProperty, FilesComeInTheOrderOfFirstTouch) {
  for_random_queries([&](const TypedFilter& filter, const Rows& rows) {
    struct Touched {
      std::uint64_t first_ns, events = 0, creates = 0, deletes = 0;
      std::string process;
      bool directory = false;
    };
    std::vector<std::string> order;
    std::map<std::string, Touched> touched;
    for (const auto& row : rows) {
      for (const auto& path : {row.path, row.path2}) {
        if (path.empty()) continue;
        const auto [entry, added] = touched.try_emplace(path, Touched{row.realtime_ns, 0, 0, 0, {}, false});
        if (added) {
          order.push_back(path);
          entry->second.process = label("process", row);
        }
        ++entry->second.events;
        entry->second.creates += row.event.kind == EventKind::kCreate;
        entry->second.deletes += row.event.kind == EventKind::kDelete;
        entry->second.directory |= (row.event.flags & format::kFlagDirectory) != 0;
      }
    }
    std::string expected;
    for (const auto& path : order) {
      const auto& touch = touched[path];
      if (touch.directory) continue;
      expected += path + ',' + std::to_string(touch.first_ns) + ',' + touch.process;
      for (const auto value : {touch.events, touch.creates, touch.deletes})
        expected += ',' + std::to_string(value);
      expected += '\n';
    }
    EXPECT_EQ(csv("files", filter, {}, false), expected);
  });
}

TEST_F(QueryProperty, TreeCountsByProcess) {
  for_random_queries([&](const TypedFilter& filter, const Rows& rows) {
    std::map<std::pair<std::uint32_t, std::uint64_t>, std::pair<const Row*, std::array<std::uint64_t, 6>>>
        processes;
    for (const auto& row : rows) {
      if (row.event.process == 0) continue;
      auto& [last, sums] = processes[{row.process.pid, row.process.start_time_ns}];
      // The last image has the largest id in the last file.
      if (last == nullptr ||
          std::tie(row.file, row.event.process) > std::tie(last->file, last->event.process)) {
        last = &row;
      }
      const auto kind = row.event.kind;
      ++sums[0];
      sums[1] += kind == EventKind::kOpen;
      sums[2] += kind == EventKind::kCloseWrite;
      sums[3] += kind == EventKind::kCreate || kind == EventKind::kRename;
      sums[4] += kind == EventKind::kDelete;
      sums[5] += row.event.reply_ns;
    }
    std::string expected;
    for (const auto& [identity, counted] : processes) {
      const auto& [row, sums] = counted;
      expected +=
          std::to_string(row->process.pid) + ',' + std::to_string(row->process.ppid) + ",0," + row->exe;
      for (const auto sum : sums) expected += ',' + std::to_string(sum);
      expected += '\n';
    }
    EXPECT_EQ(csv("tree", filter, {}), in_order(expected));
  });
}

TEST_F(QueryProperty, HistAddsUpOverTime) {
  for_random_queries([&](const TypedFilter& filter, const Rows& rows) {
    const auto text = csv("hist", filter, {"--rows", std::to_string(1 + below(40))}, false);
    std::string expected;
    std::uint64_t events = 0, steady_ns = 0, offset_ns = 0;
    for (std::size_t at = 0; at < text.size(); at = text.find('\n', at) + 1) {
      std::uint64_t begin_ns = 0, width_ns = 0;
      ASSERT_EQ(sscanf(text.c_str() + at, "%lu,%lu", &begin_ns, &width_ns), 2);
      if (at == 0) steady_ns = begin_ns - (rows.front().realtime_ns - rows.front().steady_ns);
      Group group;
      for (const auto& row : rows) {
        if (row.steady_ns < steady_ns || row.steady_ns >= steady_ns + width_ns) continue;
        if (group.events == 0) offset_ns = row.realtime_ns - row.steady_ns;
        group.add(row);
      }
      EXPECT_EQ(begin_ns, steady_ns + offset_ns) << "the wall clock at its first event, or the last before";
      steady_ns += width_ns;
      events += group.events;
      expected += std::to_string(begin_ns) + ',' + std::to_string(width_ns);
      for (const auto value : {group.events, group.latencies.total(), group.wait_ns}) {
        expected += ',' + std::to_string(value);
      }
      for (const auto fraction : {0.5, 0.99, 1.0})
        expected += ',' + std::to_string(group.latencies.quantile_ns(fraction));
      expected += ",0\n";
    }
    EXPECT_EQ(text, expected);
    EXPECT_EQ(events, rows.size());
  });
}

}  // namespace
}  // namespace rfan::replay_test
