// Compares `report` with a plain implementation of its description, row by row, on random traces and random
// filters.
#include <algorithm>
#include <map>
#include <tuple>

#include "tests/replay/random_queries.h"

namespace rfan::replay_test {
namespace {

TEST_F(QueryProperty, ReportCountsWhatTheRowsSay) {
  for_random_queries([&](const TypedFilter& filter, const Rows& rows) {
    std::vector<std::string> keys{"exe", "comm", "process", "user", "path", "dir", "ext", "kind"};
    std::shuffle(keys.begin(), keys.end(), random_);
    keys.resize(1 + below(3));
    std::string by;
    for (const auto& key : keys) by += (by.empty() ? "" : ",") + key;
    std::map<std::string, Group> groups;
    for (const auto& row : rows) {
      std::string labels;
      for (const auto& key : keys) labels += (labels.empty() ? "" : ",") + label(key, row);
      groups[labels].add(row);
    }
    std::string full, counts;
    for (const auto& [labels, group] : groups) {
      full += labels + group.line();
      counts += labels + ',' + std::to_string(group.events) + '\n';
    }
    std::vector<std::string> arguments{"--by", by};
    if (by.find("dir") != by.npos) arguments.insert(arguments.end(), {"--depth", "1"});
    auto with_fields = arguments;
    with_fields.insert(with_fields.end(), {"-F", "events,opens,reopens,files,first,last,wait,p50,p99,max"});
    EXPECT_EQ(csv("report", filter, with_fields), in_order(full)) << by;
    arguments.insert(arguments.end(), {"-F", "events"});
    EXPECT_EQ(csv("report", filter, arguments), in_order(counts)) << by;
  });
}

TEST_F(QueryProperty, ReportPairsOpensWithTheirCloses) {
  for_random_queries([&](const TypedFilter& filter, const Rows& rows) {
    std::map<std::string, std::uint64_t> short_opens;
    std::map<std::tuple<std::size_t, std::uint32_t, std::string>, std::uint64_t> open;  // file, process, path
    for (const auto& row : rows) {
      const auto kind = row.event.kind;
      short_opens[label("exe", row)];
      if (row.event.process == 0 || row.path.empty()) continue;
      const std::tuple key{row.file, row.event.process, row.path};
      if (kind == EventKind::kOpen) {
        open[key] = row.event.time_ns;
      } else if (kind == EventKind::kCloseWrite || kind == EventKind::kCloseNowrite) {
        const auto found = open.find(key);
        if (found == open.end()) continue;
        if (row.event.time_ns - found->second < 300'000'000) ++short_opens[label("exe", row)];
        open.erase(found);
      }
    }
    std::string expected;
    for (const auto& [exe, count] : short_opens) expected += exe + ',' + std::to_string(count) + '\n';
    EXPECT_EQ(csv("report", filter, {"--by", "exe", "-F", "short", "--short", "300ms"}), in_order(expected));
  });
}

}  // namespace
}  // namespace rfan::replay_test
