#include "replay/query/filter_parser.h"

#include <pwd.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "format/base/alternatives.h"
#include "format/base/pattern.h"
#include "format/base/quantity.h"
#include "format/base/user.h"
#include "replay/text/comma_list.h"

namespace rfan::replay {
namespace {

using format::Alternatives;
using format::appending;
using format::parse_alternatives;

Result<std::uint32_t> parse_pid(std::string_view text) {
  std::uint32_t pid = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), pid);
  if (failure != std::errc() || end != text.data() + text.size()) {
    return Error{"not a process id", std::string(text), 0, "write a decimal number"};
  }
  return pid;
}

// Finds the processes that descend from the wanted ones. A filter tests the processes of a file in the order
// of their ids, from 0 on, so that one step to the parent is enough. That matters because processes that fork
// and exit again and again make chains of any length. Any thread.
class Descents {
 public:
  explicit Descents(Alternatives<std::uint32_t> roots) : roots_(std::move(roots)) {}

  bool accept(const ProcessView& view) {
    const std::lock_guard lock(mutex_);
    auto& known = known_[&view.dictionary];
    if (view.id == 0) known.clear();
    for (const auto* list : {&roots_.any, &roots_.none}) {
      for (const auto root : *list) add(view, root, known[root]);
    }
    return roots_.accept([&](std::uint32_t root) { return descends(view, root, known[root]); });
  }

 private:
  using Answers = std::vector<bool>;  // by id

  // Returns true if the process or one of its ancestors has this pid. Compares the parent's pid too, since
  // the parent itself may be missing from the file.
  static bool descends(const ProcessView& view, std::uint32_t pid, const Answers& known) {
    for (auto id = view.id; id != 0;) {
      if (id < known.size()) return known[id];
      const auto& process = view.dictionary.process(id);
      if (process.pid == pid || process.ppid == pid) return true;
      id = process.parent < id ? process.parent : 0;  // a parent has a smaller id; otherwise this could loop
    }
    return false;
  }
  static void add(const ProcessView& view, std::uint32_t pid, Answers& known) {
    if (view.id == known.size()) known.push_back(descends(view, pid, known));
  }

  const Alternatives<std::uint32_t> roots_;
  std::mutex mutex_;
  std::map<const format::Dictionary*, std::map<std::uint32_t, Answers>> known_;
};

// The values of --exe, --comm, --pid, --tree, --user and --cgroup as one test of a process.
struct ProcessWish {
  Alternatives<format::ExePattern> exe;
  Alternatives<format::CommPattern> comm;
  Alternatives<std::uint32_t> pid;
  std::shared_ptr<Descents> tree;  // null: not given
  Alternatives<std::uint32_t> user;
  Alternatives<format::PathPattern> cgroup;

  bool empty() const {
    return exe.empty() && comm.empty() && pid.empty() && tree == nullptr && user.empty() && cgroup.empty();
  }
  bool accept(const ProcessView& view) const;
};

bool ProcessWish::accept(const ProcessView& view) const {
  if (tree != nullptr && !tree->accept(view)) return false;
  const auto& process = view.process();
  const auto is = [&](std::uint32_t number) {
    return [&view, number](std::uint32_t wanted) { return view.known() && wanted == number; };
  };
  return pid.accept(is(process.pid)) && user.accept(is(process.uid)) &&
         comm.accept([&](const format::CommPattern& pattern) { return pattern.matches(process.comm); }) &&
         cgroup.accept([&](const format::PathPattern& pattern) { return pattern.matches(process.cgroup); }) &&
         exe.accept(
             [&](const format::ExePattern& pattern) { return pattern.matches(view.exe(), process.comm); });
}

Result<std::optional<ProcessTest>> parse_process(const FilterArguments& arguments) {
  ProcessWish wish;
  auto status = parse_alternatives("--exe", arguments.exe, wish.exe, appending(format::ExePattern::compile));
  const auto parse = [&](const char* option, const auto& values, auto& list, auto parse_one) {
    if (status) status = parse_alternatives(option, values, list, appending(parse_one));
  };
  parse("--comm", arguments.comm, wish.comm, format::CommPattern::compile);
  parse("--pid", arguments.pid, wish.pid, parse_pid);
  Alternatives<std::uint32_t> tree;
  parse("--tree", arguments.tree, tree, parse_pid);
  parse("--user", arguments.user, wish.user, parse_user);
  parse("--cgroup", arguments.cgroup, wish.cgroup, format::PathPattern::compile);
  if (!status) return status.error();
  if (!tree.empty()) wish.tree = std::make_shared<Descents>(std::move(tree));
  if (wish.empty()) return std::optional<ProcessTest>();
  return std::optional<ProcessTest>(
      ProcessTest{[wish = std::move(wish)](const ProcessView& view) { return wish.accept(view); }});
}

// Adds the --path test. An event with two paths matches if either path does.
Status add_paths(const FilterArguments& arguments, std::vector<ConditionPtr>& all) {
  Alternatives<format::PathPattern> path;
  if (auto status =
          parse_alternatives("--path", arguments.path, path, appending(format::PathPattern::compile));
      !status) {
    return status;
  }
  const auto test_of = [](std::vector<format::PathPattern> patterns) {
    return condition(PathTest{[patterns = std::move(patterns)](std::string_view text) {
      return std::any_of(patterns.begin(), patterns.end(), [&](const auto& p) { return p.matches(text); });
    }});
  };
  if (!path.any.empty()) all.push_back(test_of(std::move(path.any)));
  if (!path.none.empty()) all.push_back(condition(NoneOf{test_of(std::move(path.none))}));
  return {};
}

Status add_kinds(const FilterArguments& arguments, std::vector<ConditionPtr>& all) {
  Alternatives<std::uint32_t> kinds;
  auto status = parse_alternatives("--kind", arguments.kind, kinds, appending(parse_kinds));
  if (!status || kinds.empty()) return status;
  std::uint32_t wanted = kinds.any.empty() ? ~0U : 0;
  for (const auto bits : kinds.any) wanted |= bits;
  for (const auto bits : kinds.none) wanted &= ~bits;
  all.push_back(condition(KindTest{wanted}));
  return {};
}

Status add_times(const FilterArguments& arguments, bool utc, std::vector<ConditionPtr>& all) {
  const auto parse = appending([utc](std::string_view text) { return parse_time(text, utc); });
  Alternatives<TimePoint> since;
  Alternatives<TimePoint> until;
  auto status = parse_alternatives("--since", arguments.since, since, parse);
  if (status) status = parse_alternatives("--until", arguments.until, until, parse);
  if (!status) return status;
  TimeFilter filter(std::move(since), std::move(until), utc);
  if (filter.active()) all.push_back(condition(TimeTest{std::move(filter)}));
  return {};
}

// Adds the condition "one of `any`, and none of `none`".
void add_alternatives(const Alternatives<ConditionPtr>& list, std::vector<ConditionPtr>& all) {
  if (!list.any.empty()) all.push_back(condition(AnyOf{list.any}));
  for (const auto& part : list.none) all.push_back(condition(NoneOf{part}));
}

Status add_verdicts_and_latencies(const FilterArguments& arguments, std::vector<ConditionPtr>& all) {
  Alternatives<ConditionPtr> verdicts;
  Alternatives<ConditionPtr> latencies;
  auto status = parse_alternatives("--verdict", arguments.verdict, verdicts,
                                   appending([](std::string_view text) -> Result<ConditionPtr> {
                                     auto test = parse_verdict(text);
                                     if (!test) return test.error();
                                     return condition(*test);
                                   }));
  if (status) {
    status = parse_alternatives("--min-latency", arguments.min_latency, latencies,
                                appending([](std::string_view text) -> Result<ConditionPtr> {
                                  auto ns = parse_duration(text);
                                  if (!ns) return ns.error();
                                  return condition(LatencyTest{*ns, UINT64_MAX});
                                }));
  }
  if (!status) return status;
  add_alternatives(verdicts, all);
  add_alternatives(latencies, all);
  return {};
}

void note_relative_globs(const FilterArguments& arguments, std::vector<std::string>& notes) {
  const std::pair<const char*, const std::vector<std::string>&> lists[] = {
      {"--exe", arguments.exe}, {"--cgroup", arguments.cgroup}, {"--path", arguments.path}};
  for (const auto& [option, values] : lists) {
    for (const auto& value : values) {
      if (auto note = format::relative_pattern_note(option, value); !note.empty())
        notes.push_back(std::move(note));
    }
  }
}

}  // namespace

Result<std::uint32_t> parse_kinds(std::string_view comma_list) {
  std::uint32_t kinds = 0;
  for (const auto name : names_in(comma_list)) {
    const auto kind = format::event_kind_from_name(name);
    if (!kind)
      return Error{"unknown kind", std::string(name), 0, "the kinds are " + format::event_kind_names()};
    kinds |= 1U << static_cast<unsigned>(*kind);
  }
  return kinds;
}

Result<FlagTest> parse_verdict(std::string_view text) {
  using format::kFlagDenied;
  using format::kFlagHeld;
  if (text == "allow") return FlagTest{kFlagHeld | kFlagDenied, kFlagHeld};
  if (text == "deny") return FlagTest{kFlagDenied, kFlagDenied};
  if (text == "none") return FlagTest{kFlagHeld, 0};
  return Error{"unknown verdict", std::string(text), 0,
               "the verdicts are allow, deny, and none (an event that did not wait for one)"};
}

Result<ConditionPtr> parse_filter(const FilterArguments& arguments, bool utc,
                                  std::vector<std::string>* notes) {
  std::vector<ConditionPtr> all;
  auto process = parse_process(arguments);
  if (!process) return process.error();
  if (*process) all.push_back(condition(std::move(**process)));
  auto status = add_kinds(arguments, all);
  if (status) status = add_verdicts_and_latencies(arguments, all);
  if (status) status = add_times(arguments, utc, all);
  if (status) status = add_paths(arguments, all);
  if (!status) return status.error();
  if (notes != nullptr) note_relative_globs(arguments, *notes);
  for (const auto& text : arguments.where) {
    auto where = parse_where(text, utc, notes);
    if (!where) return where.error();
    all.push_back(*where);
  }
  if (all.empty()) return ConditionPtr();
  return all.size() == 1 ? all.front() : condition(AllOf{std::move(all)});
}

}  // namespace rfan::replay
