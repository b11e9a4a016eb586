#include "replay/query/filter_parser.h"

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <utility>

#include "format/base/alternatives.h"
#include "format/base/pattern.h"
#include "replay/query/field_tests.h"

namespace rfan::replay {
namespace {

using format::Alternatives;
using format::appending;
using format::parse_alternatives;
using Conditions = std::vector<ConditionPtr>;

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

// The following combine tests of one field into one test where they can. A test of a process or path runs
// once for each dictionary entry, but each node of the filter runs once for each event.

bool accepts(const ConditionPtr& part, const ProcessView& view) {
  return std::get<ProcessTest>(part->test).accept(view);
}

ConditionPtr any_of(Conditions parts) {
  if (parts.size() == 1) return parts.front();
  const auto& first = parts.front()->test;
  if (std::holds_alternative<ProcessTest>(first)) {
    return condition(ProcessTest{[parts](const ProcessView& view) {
      return std::any_of(parts.begin(), parts.end(), [&](const auto& part) { return accepts(part, view); });
    }});
  }
  if (const auto* path = std::get_if<PathTest>(&first)) {
    const auto accept = [parts](std::string_view text) {
      return std::any_of(parts.begin(), parts.end(),
                         [&](const auto& part) { return std::get<PathTest>(part->test).accept(text); });
    };
    return condition(PathTest{accept, path->which});
  }
  if (std::holds_alternative<KindTest>(first)) {
    KindTest any;
    for (const auto& part : parts) any.kinds |= std::get<KindTest>(part->test).kinds;
    return condition(any);
  }
  return condition(AnyOf{std::move(parts)});
}

ConditionPtr none_of(Conditions parts) {
  auto any = any_of(std::move(parts));
  if (std::holds_alternative<ProcessTest>(any->test)) {
    return condition(ProcessTest{[any](const ProcessView& view) { return !accepts(any, view); }});
  }
  if (const auto* kind = std::get_if<KindTest>(&any->test)) return condition(KindTest{~kind->kinds});
  return condition(NoneOf{std::move(any)});
}

// Returns one test that passes where both do; null if the two need a node each. Evaluates `left` first, and
// for each process.
ConditionPtr fused(const ConditionPtr& left, const ConditionPtr& right) {
  if (!left || !right) return left ? left : right;
  if (std::holds_alternative<ProcessTest>(left->test) && std::holds_alternative<ProcessTest>(right->test)) {
    return condition(ProcessTest{
        [left, right](const ProcessView& view) { return accepts(left, view) && accepts(right, view); }});
  }
  const auto* kind = std::get_if<KindTest>(&left->test);
  const auto* other = std::get_if<KindTest>(&right->test);
  if (kind != nullptr && other != nullptr) return condition(KindTest{kind->kinds & other->kinds});
  return nullptr;
}

// An option whose values are compared with a field.
struct FieldOption {
  const char* name;
  const std::vector<std::string>& values;
  std::string_view field;
  Operator op;
};

// Adds the tests of the option: one of its plain values and one of its negated ones, or both as one.
Status add_field(const FieldOption& option, Conditions& all) {
  const auto parse = [&](std::string_view text) -> Result<ConditionPtr> {
    if (option.field == "pid") {  // the error of an option says which number is expected
      if (auto pid = parse_pid(text); !pid) return pid.error();
    }
    return comparison(*find_field(option.field), option.op, std::string(text), false);
  };
  Alternatives<ConditionPtr> tests;
  auto status = parse_alternatives(option.name, option.values, tests, appending(parse));
  if (!status || tests.empty()) return status;
  const auto any = tests.any.empty() ? nullptr : any_of(std::move(tests.any));
  const auto none = tests.none.empty() ? nullptr : none_of(std::move(tests.none));
  if (auto whole = fused(any, none)) {
    all.push_back(std::move(whole));
  } else {
    all.insert(all.end(), {any, none});
  }
  return {};
}

// Adds the options that test processes, as one test.
Status add_processes(const FilterArguments& arguments, Conditions& all) {
  Conditions tests;
  Status status;
  const auto add = [&](const char* name, const auto& values, std::string_view field, Operator op) {
    if (status) status = add_field({name, values, field, op}, tests);
  };
  add("--exe", arguments.exe, "exe", Operator::kGlob);
  add("--comm", arguments.comm, "comm", Operator::kGlob);
  add("--pid", arguments.pid, "pid", Operator::kEqual);
  Alternatives<std::uint32_t> roots;
  if (status) status = parse_alternatives("--tree", arguments.tree, roots, appending(parse_pid));
  add("--user", arguments.user, "user", Operator::kEqual);
  add("--cgroup", arguments.cgroup, "cgroup", Operator::kGlob);
  if (!status) return status;
  // The last test comes first: that of --tree must see every process, and numbers are compared faster than
  // names.
  ConditionPtr whole;
  if (!roots.empty()) {
    const auto tree = std::make_shared<Descents>(std::move(roots));
    whole = condition(ProcessTest{[tree](const ProcessView& view) { return tree->accept(view); }});
  }
  std::for_each(tests.rbegin(), tests.rend(), [&](const auto& test) { whole = fused(whole, test); });
  if (whole) all.push_back(std::move(whole));
  return {};
}

// Adds the times as one TimeFilter, which combines its times of one kind into a range.
Status add_times(const FilterArguments& arguments, bool utc, Conditions& all) {
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

Result<ConditionPtr> parse_filter(const FilterArguments& arguments, bool utc,
                                  std::vector<std::string>* notes) {
  Conditions all;
  auto status = add_processes(arguments, all);
  const auto add = [&](const char* name, const auto& values, std::string_view field, Operator op) {
    if (status) status = add_field({name, values, field, op}, all);
  };
  add("--kind", arguments.kind, "kind", Operator::kEqual);
  add("--verdict", arguments.verdict, "verdict", Operator::kEqual);
  add("--min-latency", arguments.min_latency, "latency", Operator::kGreaterEqual);
  if (status) status = add_times(arguments, utc, all);
  add("--path", arguments.path, "path", Operator::kGlob);
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
