// Compares every verb with a plain implementation of its description, row by row, on random traces and random
// filters.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <random>
#include <set>
#include <tuple>

#include "format/base/pattern.h"
#include "format/base/quantity.h"
#include "format/model/latency_histogram.h"
#include "format/trace/trace_reader.h"
#include "replay/program.h"
#include "replay/query/time_filter.h"
#include "tests/replay/sample_trace.h"
#include "tests/support/test_seed.h"

namespace rfan::replay {
namespace {

using format::Event;
using format::EventKind;
using replay_test::kSecond;

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
struct Filter {
  std::vector<std::string> arguments;
  Wanted matches;
};

class QueryProperty : public testing::Test {
 protected:
  std::uint32_t below(std::size_t limit) { return static_cast<std::uint32_t>(random_() % limit); }

  template <typename T>
  T any_of(const std::vector<T>& choices) {
    return choices[below(choices.size())];
  }

  // Large enough that blocks have columns of their own, and counts by process in the statistics.
  static constexpr std::uint32_t kLargeBlock = 2100;

  // Writes up to three files of one recording. Blocks have 0 to 40 events, a few are larger; names and
  // processes appear during the trace; the wall clock jumps; processes continue in the next file.
  void write_random_traces() {
    rows_.clear();
    files_.clear();
    format::TraceWriterOptions options{format::random_uuid()};
    std::uint64_t now_ns = kSecond, offset_ns = 1000 * kSecond;
    std::vector<format::Process> processes;
    std::vector<std::string> executables;
    for (const auto count = 1 + below(3); options.file_sequence < count; ++options.file_sequence) {
      options.file = format::random_uuid();
      files_.push_back(scratch_.file("t" + std::to_string(options.file_sequence) + ".fbz"));
      auto writer = replay_test::create_trace(files_.back(), {}, options);
      std::map<std::size_t, format::ProcessId> ids;
      for (int block = 0; block < 8; ++block) {
        if (processes.empty() || below(3) == 0) {
          processes.push_back(random_process(now_ns));
          executables.push_back(below(4) == 0 ? ""
                                              : "/usr/bin/" + any_of<std::string>({"vim", "bash", "cat"}));
        }
        for (auto left = below(20) == 0 ? kLargeBlock : below(40); left > 0; --left) {
          now_ns += below(3) == 0 ? 0 : below(200) * 1'000'000;
          add_random_event(*writer, now_ns, block, processes, executables, ids);
        }
        if (below(4) == 0) offset_ns += (below(3) == 0 ? -3 : 2) * kSecond;
        replay_test::check(writer->flush({now_ns, now_ns + offset_ns, now_ns}));
      }
      replay_test::check(writer->finish({now_ns, now_ns + offset_ns, now_ns}, {}));
      read_back(files_.back());
    }
  }

  format::Process random_process(std::uint64_t now_ns) {
    format::Process process;
    process.pid = 1 + below(6);
    process.ppid = 1 + below(6);
    process.uid = 1000 + below(2);
    process.start_time_ns = now_ns;
    process.comm = any_of<std::string>({"vim", "bash", "cc1plus", "kworker/0:1", ""});
    return process;
  }

  void add_random_event(format::TraceWriter& writer, std::uint64_t now_ns, int block,
                        const std::vector<format::Process>& processes,
                        const std::vector<std::string>& executables,
                        std::map<std::size_t, format::ProcessId>& ids) {
    Event event;
    event.time_ns = now_ns;
    event.kind = static_cast<EventKind>(1 + below(block % 2 ? 3 : 10));
    const auto number = processes.size() - 1 - below(std::min<std::size_t>(processes.size(), 3));
    if (below(5) != 0) {
      auto& id = ids[number];
      if (id == 0) {
        auto process = processes[number];
        process.exe = executables[number].empty() ? 0 : writer.intern_path(executables[number]);
        id = writer.add_process(process);
      }
      event.process = id;
    }
    event.path = random_path(writer);
    if (event.kind == EventKind::kRename) event.path2 = random_path(writer);
    if (below(2) == 0) {
      event.flags = format::kFlagHeld;
      event.reply_ns = 100 * below(50'000);
      if (below(5) == 0) event.flags |= format::kFlagDenied;
    }
    if (below(6) == 0) event.flags |= format::kFlagDirectory;
    writer.add_event(event);
  }

  format::PathId random_path(format::TraceWriter& writer) {
    if (below(8) == 0) return 0;
    return writer.intern_path(any_of<std::string>({"/a/", "/a/b/", "/usr/", "/"}) +
                              any_of<std::string>({"x.h", "y.c", "z"}) + std::to_string(below(3)));
  }

  void read_back(const std::string& path) {
    auto reader = format::TraceReader::open(format::open_source(path).value(), [](const auto&) {}).value();
    const auto before = rows_.size();
    while (const auto block = reader->next_block().value()) {
      format::EventColumns all;
      ASSERT_TRUE(reader->decode(*block, format::kAllColumns, all).ok());
      for (std::size_t i = 0; i < all.count; ++i) {
        Row row;
        row.file = files_.size();
        row.event = {all.time_ns[i], all.kind[i],  all.flags[i],   all.process[i],
                     all.path[i],    all.path2[i], all.reply_ns[i]};
        row.process =
            all.process[i] == 0 ? format::Process{} : reader->dictionary().process(all.process[i]).copy();
        const auto path_of = [&](format::PathId id) {
          return id == 0 ? "" : std::string(reader->dictionary().path(id));
        };
        row.exe = path_of(row.process.exe);
        row.path = path_of(all.path[i]);
        row.path2 = path_of(all.path2[i]);
        rows_.push_back(std::move(row));
      }
    }
    // Use the clocks of the whole file, since the clock of a block comes after it.
    for (auto i = before; i < rows_.size(); ++i) {
      rows_[i].realtime_ns = format::to_realtime_ns(reader->clocks(), rows_[i].event.time_ns);
    }
    if (before == 0) {
      start_ns_ = reader->clocks().front().monotonic_ns;
      if (!rows_.empty()) start_ns_ = std::min(start_ns_, rows_.front().event.time_ns);
      steady_offset_ns_ = format::to_realtime_ns(reader->clocks(), start_ns_) - start_ns_;
    }
    for (auto i = before; i < rows_.size(); ++i)
      rows_[i].steady_ns = rows_[i].event.time_ns + steady_offset_ns_;
  }

  static Wanted exe_test(const std::string& value) {
    return [pattern = format::ExePattern::compile(value).value()](const Row& row) {
      return pattern.matches(row.exe, row.process.comm);
    };
  }
  static Wanted path_test(const std::string& value) {
    return [pattern = format::PathPattern::compile(value).value()](const Row& row) {
      return pattern.matches(row.path) || pattern.matches(row.path2);
    };
  }
  static Wanted known(Wanted test) {
    return [test = std::move(test)](const Row& row) { return row.event.process != 0 && test(row); };
  }
  static Wanted kind_test(const std::string& list) {
    return [list](const Row& row) {
      return ("," + list + ",").find("," + std::string(format::event_kind_name(row.event.kind)) + ",") !=
             list.npos;
    };
  }
  static Wanted latency_test(std::uint64_t least_ns) {
    return [least_ns](const Row& row) {
      return (row.event.flags & format::kFlagHeld) && row.event.reply_ns >= least_ns;
    };
  }
  Wanted since_test(const std::string& text) const {
    const auto point = parse_time(text, true).value();
    if (const auto* relative = std::get_if<RelativeTime>(&point)) {
      return [at = start_ns_ + relative->ns](const Row& row) { return row.event.time_ns >= at; };
    }
    if (const auto* percent = std::get_if<PercentTime>(&point)) {
      const auto first = rows_.empty() ? 0 : rows_.front().event.time_ns;
      const auto length = rows_.empty() ? 1 : rows_.back().event.time_ns - first + 1;
      const auto at =
          first + static_cast<std::uint64_t>(static_cast<double>(length) * percent->percent / 100);
      return [at](const Row& row) { return row.event.time_ns >= at; };
    }
    return [at = std::get<AbsoluteTime>(point).ns](const Row& row) { return row.realtime_ns >= at; };
  }
  static Wanted negate(Wanted test) {
    return [test = std::move(test)](const Row& row) { return !test(row); };
  }

  // Adds no, one or two values of one option, some negated.
  void add_option(Filter& filter, const std::string& option, const std::vector<std::string>& choices,
                  const std::function<Wanted(const std::string&)>& meaning) {
    std::vector<Wanted> any, none;
    for (auto left = below(5) < 3 ? 0 : 1 + below(2); left > 0; --left) {
      const auto value = any_of(choices);
      const bool negated = below(3) == 0;
      filter.arguments.insert(filter.arguments.end(), {option, (negated ? "!" : "") + value});
      (negated ? none : any).push_back(meaning(value));
    }
    filter.matches = [before = filter.matches, any, none](const Row& row) {
      const auto holds = [&](const Wanted& test) { return test(row); };
      return before(row) && (any.empty() || std::any_of(any.begin(), any.end(), holds)) &&
             std::none_of(none.begin(), none.end(), holds);
    };
  }

  // Returns a comparison, or a combination of several.
  std::pair<std::string, Wanted> random_expression(int depth) {
    if (depth > 0 && below(2) == 0) {
      auto [left, left_test] = random_expression(depth - 1);
      auto [right, right_test] = random_expression(depth - 1);
      if (below(3) == 0) return {"not (" + left + ")", negate(left_test)};
      const bool both = below(2) == 0;
      return {"(" + left + (both ? ") and (" : ") or (") + right + ")",
              [=, l = left_test, r = right_test](const Row& row) {
                return both ? l(row) && r(row) : l(row) || r(row);
              }};
    }
    switch (below(7)) {
      case 0:
        return {"exe ~ b*", exe_test("b*")};
      case 1:
        return {"path ~ *.h?", path_test("*.h?")};
      case 2:
        return {"pid < 4", known([](const Row& row) { return row.process.pid < 4; })};
      case 3:
        return {"latency >= 1ms", latency_test(1'000'000)};
      case 4:
        return {"dir", [](const Row& row) { return (row.event.flags & format::kFlagDirectory) != 0; }};
      case 5:
        return {"kind != open", negate(kind_test("open"))};
      default:
        return {"path2 =~ '[xy]'",
                [](const Row& row) { return row.path2.find_first_of("xy") != row.path2.npos; }};
    }
  }

  Filter random_filter() {
    Filter filter{{}, [](const Row&) { return true; }};
    add_option(filter, "--exe", {"vim", "b*", "/usr/bin/cat", "/usr/", "nothing"}, exe_test);
    add_option(filter, "--comm", {"vim", "kworker*", "c*s"}, [](const std::string& value) -> Wanted {
      return [pattern = format::CommPattern::compile(value).value()](const Row& row) {
        return pattern.matches(row.process.comm);
      };
    });
    add_option(filter, "--pid", {"1", "2", "5", "77"}, [](const std::string& value) {
      return known([value](const Row& row) { return std::to_string(row.process.pid) == value; });
    });
    add_option(filter, "--user", {"1000", "1001"}, [](const std::string& value) {
      return known([value](const Row& row) { return std::to_string(row.process.uid) == value; });
    });
    add_option(filter, "--path", {"*.h?", "/a/", "/a/*", "/usr/**", "z1", "nothing"}, path_test);
    add_option(filter, "--kind", {"open", "rename,delete", "exec", "attrib"}, kind_test);
    add_option(filter, "--since", {"+3s", "+10s", "@1005", "20%", "+1h"},
               [this](const std::string& value) { return since_test(value); });
    add_option(filter, "--until", {"+10s", "+20s", "@1010", "70%", "@1"},
               [this](const std::string& value) { return negate(since_test(value)); });
    add_option(filter, "--min-latency", {"1ms", "3ms"},
               [](const std::string& value) { return latency_test(parse_duration(value).value()); });
    if (below(3) == 0) {
      const auto [text, test] = random_expression(3);
      filter.arguments.insert(filter.arguments.end(), {"--where", text});
      filter.matches = [before = filter.matches, where = test](const Row& row) {
        return before(row) && where(row);
      };
    }
    return filter;
  }

  Rows wanted(const Filter& filter) const {
    Rows rows;
    std::copy_if(rows_.begin(), rows_.end(), std::back_inserter(rows), filter.matches);
    return rows;
  }

  // Returns the output of the program as sorted lines, without the header.
  std::string csv(const std::string& verb, const Filter& filter, std::vector<std::string> more,
                  bool sorted = true) {
    std::vector<std::string> arguments{verb};
    arguments.insert(arguments.end(), files_.begin(), files_.end());
    arguments.insert(arguments.end(), filter.arguments.begin(), filter.arguments.end());
    more.insert(more.end(), {"--format", "csv", "--utc", "--threads", std::to_string(1 + below(4))});
    arguments.insert(arguments.end(), more.begin(), more.end());
    const auto outcome = replay_test::run(arguments);
    EXPECT_EQ(outcome.status, kExitClean) << (outcome.notes.empty() ? "" : outcome.notes.front());
    return sorted ? in_order(outcome.out.substr(outcome.out.find('\n') + 1))
                  : outcome.out.substr(outcome.out.find('\n') + 1);
  }

  static std::string in_order(const std::string& text) {
    std::multiset<std::string> lines;
    for (std::size_t at = 0; at < text.size();) {
      const auto end = text.find('\n', at);
      lines.insert(text.substr(at, end - at));
      at = end + 1;
    }
    std::string sorted;
    for (const auto& line : lines) sorted += line + '\n';
    return sorted;
  }

  // Runs `check` on 20 traces with 25 filters each.
  void for_random_queries(const std::function<void(const Filter&, const Rows&)>& check) {
    std::size_t matched = 0;
    for (int trace = 0; trace < 20; ++trace) {
      write_random_traces();
      for (int query = 0; query < 25; ++query) {
        const auto filter = query == 0 ? Filter{{}, [](const Row&) { return true; }} : random_filter();
        const auto rows = wanted(filter);
        matched += rows.size();
        check(filter, rows);
        std::string shown;
        for (const auto& argument : filter.arguments) shown += " '" + argument + "'";
        if (HasFailure()) FAIL() << "trace " << trace << ", filter" << shown;
      }
    }
    EXPECT_GT(matched, 1000U);
  }

  const tests::ScratchDirectory scratch_;
  std::vector<std::string> files_;
  Rows rows_;
  std::uint64_t start_ns_ = 0;
  std::uint64_t steady_offset_ns_ = 0;
  std::mt19937 random_{tests::test_seed()};
};

TEST_F(QueryProperty, CatPrintsExactlyTheWantedEventsInOrder) {
  for_random_queries([&](const Filter& filter, const Rows& rows) {
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

std::string or_unknown(const std::string& text) {
  return text.empty() ? "?" : text;
}

// Returns the text of one key of `report`, with --depth 1.
std::string label(const std::string& key, const Row& row) {
  if (key == "kind") return std::string(format::event_kind_name(row.event.kind));
  if (key == "path") return or_unknown(row.path);
  if (key == "dir" && row.path.empty()) return "?";
  if (key == "dir") return row.path.rfind('/') == 0 ? "/" : row.path.substr(0, row.path.find('/', 1));
  if (key == "ext") {
    const auto dot = row.path.rfind('.');
    return row.path.empty() ? "?" : dot == row.path.npos ? "(none)" : row.path.substr(dot);
  }
  if (row.event.process == 0) return "?";
  if (key == "exe") return or_unknown(row.exe);
  if (key == "comm") return or_unknown(row.process.comm);
  if (key == "user") return std::to_string(row.process.uid);
  const auto name = row.exe.substr(row.exe.rfind('/') + 1);
  return (name.empty() ? or_unknown(row.process.comm) : name) + '[' + std::to_string(row.process.pid) + ']';
}

struct Group {
  std::uint64_t events = 0, opens = 0, reopens = 0, first_ns = UINT64_MAX, last_ns = 0, wait_ns = 0;
  std::set<std::string> files;
  std::set<std::tuple<std::uint32_t, std::uint64_t, std::string>> opened;  // and the process that opened it
  format::LatencyHistogram latencies;

  void add(const Row& row) {
    ++events;
    if (events == 1) first_ns = row.realtime_ns;  // in the order of monotonic time
    last_ns = row.realtime_ns;
    wait_ns += row.event.reply_ns;
    if (row.event.flags & format::kFlagHeld) latencies.add(row.event.reply_ns);
    if (!row.path.empty()) files.insert(row.path);
    if (row.event.kind != EventKind::kOpen) return;
    ++opens;
    if (row.event.process == 0 || row.path.empty()) return;
    reopens += !opened.insert({row.process.pid, row.process.start_time_ns, row.path}).second;
  }
  std::string line() const {
    std::string text;
    for (const auto value :
         {events, opens, reopens, std::uint64_t{files.size()}, first_ns, last_ns, wait_ns}) {
      text += ',' + std::to_string(value);
    }
    for (const auto fraction : {0.5, 0.99, 1.0}) {
      text += ',' + (latencies.total() == 0 ? "" : std::to_string(latencies.quantile_ns(fraction)));
    }
    return text + '\n';
  }
};

TEST_F(QueryProperty, ReportCountsWhatTheRowsSay) {
  for_random_queries([&](const Filter& filter, const Rows& rows) {
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
  for_random_queries([&](const Filter& filter, const Rows& rows) {
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

TEST_F(QueryProperty, FilesComeInTheOrderOfFirstTouch) {
  for_random_queries([&](const Filter& filter, const Rows& rows) {
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
  for_random_queries([&](const Filter& filter, const Rows& rows) {
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
  for_random_queries([&](const Filter& filter, const Rows& rows) {
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
}  // namespace rfan::replay
