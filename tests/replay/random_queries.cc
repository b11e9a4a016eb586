#include "tests/replay/random_queries.h"

#include <algorithm>
#include <iterator>

#include "format/base/pattern.h"
#include "format/base/quantity.h"
#include "format/trace/trace_reader.h"
#include "format/trace/trace_writer.h"
#include "replay/query/time_filter.h"
#include "replay/verb/exit_status.h"

namespace rfan::replay_test {
namespace {

// Large enough that blocks have columns of their own, and counts by process in the statistics.
constexpr std::uint32_t kLargeBlock = 2100;

Wanted exe_test(const std::string& value) {
  return [pattern = format::ExePattern::compile(value).value()](const Row& row) {
    return pattern.matches(row.exe, row.process.comm);
  };
}

Wanted path_test(const std::string& value) {
  return [pattern = format::PathPattern::compile(value).value()](const Row& row) {
    return pattern.matches(row.path) || pattern.matches(row.path2);
  };
}

Wanted known(Wanted test) {
  return [test = std::move(test)](const Row& row) { return row.event.process != 0 && test(row); };
}

Wanted kind_test(const std::string& list) {
  return [list](const Row& row) {
    return ("," + list + ",").find("," + std::string(format::event_kind_name(row.event.kind)) + ",") !=
           list.npos;
  };
}

Wanted latency_test(std::uint64_t least_ns) {
  return [least_ns](const Row& row) {
    return (row.event.flags & format::kFlagHeld) && row.event.reply_ns >= least_ns;
  };
}

Wanted negate(Wanted test) {
  return [test = std::move(test)](const Row& row) { return !test(row); };
}

std::string or_unknown(const std::string& text) {
  return text.empty() ? "?" : text;
}

}  // namespace

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

std::string in_order(const std::string& text) {
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

void Group::add(const Row& row) {
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

std::string Group::line() const {
  std::string text;
  for (const auto value : {events, opens, reopens, std::uint64_t{files.size()}, first_ns, last_ns, wait_ns}) {
    text += ',' + std::to_string(value);
  }
  for (const auto fraction : {0.5, 0.99, 1.0}) {
    text += ',' + (latencies.total() == 0 ? "" : std::to_string(latencies.quantile_ns(fraction)));
  }
  return text + '\n';
}

void QueryProperty::write_random_traces() {
  rows_.clear();
  files_.clear();
  format::TraceWriterOptions options{format::random_uuid()};
  std::uint64_t now_ns = kSecond, offset_ns = 1000 * kSecond;
  std::vector<format::Process> processes;
  std::vector<std::string> executables;
  for (const auto count = 1 + below(3); options.file_sequence < count; ++options.file_sequence) {
    options.file = format::random_uuid();
    files_.push_back(scratch_.file("t" + std::to_string(options.file_sequence) + ".fbz"));
    auto writer = create_trace(files_.back(), {}, options);
    std::map<std::size_t, format::ProcessId> ids;
    for (int block = 0; block < 8; ++block) {
      if (processes.empty() || below(3) == 0) {
        processes.push_back(random_process(now_ns));
        executables.push_back(below(4) == 0 ? "" : "/usr/bin/" + any_of<std::string>({"vim", "bash", "cat"}));
      }
      for (auto left = below(20) == 0 ? kLargeBlock : below(40); left > 0; --left) {
        now_ns += below(3) == 0 ? 0 : below(200) * 1'000'000;
        add_random_event(*writer, now_ns, block, processes, executables, ids);
      }
      if (below(4) == 0) offset_ns += (below(3) == 0 ? -3 : 2) * kSecond;
      check(writer->flush({now_ns, now_ns + offset_ns, now_ns}));
    }
    check(writer->finish({now_ns, now_ns + offset_ns, now_ns}, {}));
    read_back(files_.back());
  }
}

format::Process QueryProperty::random_process(std::uint64_t now_ns) {
  format::Process process;
  process.pid = 1 + below(6);
  process.ppid = 1 + below(6);
  process.uid = 1000 + below(2);
  process.start_time_ns = now_ns;
  process.comm = any_of<std::string>({"vim", "bash", "cc1plus", "kworker/0:1", ""});
  return process;
}

void QueryProperty::add_random_event(format::TraceWriter& writer, std::uint64_t now_ns, int block,
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

format::PathId QueryProperty::random_path(format::TraceWriter& writer) {
  if (below(8) == 0) return 0;
  return writer.intern_path(any_of<std::string>({"/a/", "/a/b/", "/usr/", "/"}) +
                            any_of<std::string>({"x.h", "y.c", "z"}) + std::to_string(below(3)));
}

void QueryProperty::read_back(const std::string& path) {
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

Wanted QueryProperty::since_test(const std::string& text) const {
  const auto point = replay::parse_time(text, true).value();
  if (const auto* relative = std::get_if<replay::RelativeTime>(&point)) {
    return [at = start_ns_ + relative->ns](const Row& row) { return row.event.time_ns >= at; };
  }
  if (const auto* percent = std::get_if<replay::PercentTime>(&point)) {
    const auto first = rows_.empty() ? 0 : rows_.front().event.time_ns;
    const auto length = rows_.empty() ? 1 : rows_.back().event.time_ns - first + 1;
    const auto at = first + static_cast<std::uint64_t>(static_cast<double>(length) * percent->percent / 100);
    return [at](const Row& row) { return row.event.time_ns >= at; };
  }
  return [at = std::get<replay::AbsoluteTime>(point).ns](const Row& row) { return row.realtime_ns >= at; };
}

void QueryProperty::add_option(TypedFilter& filter, const std::string& option,
                               const std::vector<std::string>& choices,
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

std::pair<std::string, Wanted> QueryProperty::random_expression(int depth) {
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

TypedFilter QueryProperty::random_filter() {
  TypedFilter filter{{}, [](const Row&) { return true; }};
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

Rows QueryProperty::wanted(const TypedFilter& filter) const {
  Rows rows;
  std::copy_if(rows_.begin(), rows_.end(), std::back_inserter(rows), filter.matches);
  return rows;
}

std::string QueryProperty::csv(const std::string& verb, const TypedFilter& filter,
                               std::vector<std::string> more, bool sorted) {
  std::vector<std::string> arguments{verb};
  arguments.insert(arguments.end(), files_.begin(), files_.end());
  arguments.insert(arguments.end(), filter.arguments.begin(), filter.arguments.end());
  more.insert(more.end(), {"--format", "csv", "--utc", "--threads", std::to_string(1 + below(4))});
  arguments.insert(arguments.end(), more.begin(), more.end());
  const auto outcome = run(arguments);
  EXPECT_EQ(outcome.status, replay::kExitClean) << (outcome.notes.empty() ? "" : outcome.notes.front());
  return sorted ? in_order(outcome.out.substr(outcome.out.find('\n') + 1))
                : outcome.out.substr(outcome.out.find('\n') + 1);
}

void QueryProperty::for_random_queries(const std::function<void(const TypedFilter&, const Rows&)>& check) {
  std::size_t matched = 0;
  for (int trace = 0; trace < 20; ++trace) {
    write_random_traces();
    for (int query = 0; query < 25; ++query) {
      const auto filter = query == 0 ? TypedFilter{{}, [](const Row&) { return true; }} : random_filter();
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

}  // namespace rfan::replay_test
