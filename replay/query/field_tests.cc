#include "replay/query/field_tests.h"

#include <re2/re2.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <optional>
#include <utility>

#include "format/base/pattern.h"
#include "format/base/quantity.h"
#include "format/base/user.h"
#include "format/model/event.h"
#include "replay/query/time_filter.h"
#include "replay/text/comma_list.h"
#include "replay/trace/process_view.h"

namespace rfan::replay {
namespace {

template <typename... Operators>
constexpr unsigned bits(Operators... operators) {
  return (static_cast<unsigned>(operators) | ...);
}
constexpr unsigned kEquality = bits(Operator::kEqual, Operator::kUnequal);
constexpr unsigned kOrder =
    bits(Operator::kLess, Operator::kLessEqual, Operator::kGreater, Operator::kGreaterEqual);
constexpr OperatorSet kText{kEquality | bits(Operator::kGlob, Operator::kNoGlob, Operator::kRegex),
                            "text takes == != ~ !~ and =~"};
constexpr OperatorSet kNumber{kEquality | kOrder, "a number takes == != < <= > and >="};
constexpr OperatorSet kKind{kEquality, "kind takes == and !="};
constexpr OperatorSet kVerdict{kEquality, "verdict takes == and !="};
constexpr OperatorSet kLatency{kEquality | kOrder, "latency takes == != < <= > and >="};
// TimeFilter knows "at or after" and "before" only. Times are never finer than a microsecond.
constexpr OperatorSet kTime{bits(Operator::kLess, Operator::kGreaterEqual), "time takes < and >="};

std::optional<std::uint32_t> decimal(std::string_view text) {
  std::uint32_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc() || end != text.data() + text.size()) return {};
  return number;
}

Result<std::shared_ptr<const re2::RE2>> compile_regex(std::string_view pattern) {
  re2::RE2::Options options(re2::RE2::Latin1);  // paths are bytes
  options.set_log_errors(false);
  auto regex = std::make_shared<const re2::RE2>(re2::StringPiece(pattern.data(), pattern.size()), options);
  if (!regex->ok()) return Error{"not a regular expression (" + regex->error() + ")", {}, 0, {}};
  return regex;
}

bool finds(const re2::RE2& regex, std::string_view text) {
  return re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), regex);
}

// Calls make(matches) with the predicate on texts, and returns the condition that it makes. An unknown
// (empty) text matches nothing.
template <typename Pattern, typename Make>
Result<ConditionPtr> text_test(Operator op, const std::string& value, Make make) {
  if (op == Operator::kGlob) {
    auto pattern = Pattern::compile(value);
    if (!pattern) return pattern.error();
    return make([pattern = std::move(*pattern)](std::string_view text) { return pattern.matches(text); });
  }
  if (op == Operator::kEqual) {
    return make([value](std::string_view text) { return !text.empty() && text == value; });
  }
  auto regex = compile_regex(value);
  if (!regex) return regex.error();
  return make([regex = *regex](std::string_view text) { return !text.empty() && finds(*regex, text); });
}

// Tests the text that `text_of` returns for a ProcessView.
template <typename Pattern, typename TextOf>
Result<ConditionPtr> process_text_test(Operator op, const std::string& value, TextOf text_of,
                                       bool reads_command_line = false) {
  return text_test<Pattern>(op, value, [&](auto matches) {
    return condition(ProcessTest{
        [matches = std::move(matches), text_of](const ProcessView& view) { return matches(text_of(view)); },
        reads_command_line});
  });
}

Result<ConditionPtr> exe_test(Operator op, const std::string& value, bool) {
  if (op != Operator::kGlob) {
    return process_text_test<format::PathPattern>(op, value,
                                                  [](const ProcessView& view) { return view.exe(); });
  }
  auto pattern = format::ExePattern::compile(value);  // compares the comm, too
  if (!pattern) return pattern.error();
  return condition(ProcessTest{[pattern = std::move(*pattern)](const ProcessView& view) {
    return pattern.matches(view.exe(), view.process().comm);
  }});
}

Result<ConditionPtr> comm_test(Operator op, const std::string& value, bool) {
  const auto comm = [](const ProcessView& view) { return view.process().comm; };
  return process_text_test<format::CommPattern>(op, value, comm);
}

Result<ConditionPtr> cmdline_test(Operator op, const std::string& value, bool) {
  const auto cmdline = [](const ProcessView& view) { return joined_arguments(view.process().cmdline); };
  return process_text_test<format::CommPattern>(op, value, cmdline, true);
}

Result<ConditionPtr> cgroup_test(Operator op, const std::string& value, bool) {
  const auto cgroup = [](const ProcessView& view) { return view.process().cgroup; };
  return process_text_test<format::PathPattern>(op, value, cgroup);
}

template <PathTest::Which which>
Result<ConditionPtr> path_test(Operator op, const std::string& value, bool) {
  return text_test<format::PathPattern>(op, value, [](auto matches) {
    return condition(PathTest{std::move(matches), which});
  });
}

bool compares(std::uint32_t left, Operator op, std::uint32_t right) {
  switch (op) {
    case Operator::kLess:
      return left < right;
    case Operator::kLessEqual:
      return left <= right;
    case Operator::kGreater:
      return left > right;
    case Operator::kGreaterEqual:
      return left >= right;
    default:
      return left == right;
  }
}

template <std::uint32_t format::ProcessEntry::*number>
ConditionPtr number_condition(Operator op, std::uint32_t value) {
  return condition(ProcessTest{[op, value](const ProcessView& view) {
    return view.known() && compares(view.process().*number, op, value);
  }});
}

template <std::uint32_t format::ProcessEntry::*number>
Result<ConditionPtr> number_test(Operator op, const std::string& value, bool) {
  const auto parsed = decimal(value);
  if (!parsed) return Error{"expected a number", {}, 0, {}};
  return number_condition<number>(op, *parsed);
}

Result<ConditionPtr> user_test(Operator op, const std::string& value, bool) {
  const auto user = parse_user(value);
  if (!user) return user.error();
  return number_condition<&format::ProcessEntry::uid>(op, user.value());
}

// Reads a list of kinds: a,b,c.
Result<ConditionPtr> kind_test(Operator, const std::string& value, bool) {
  std::uint32_t kinds = 0;
  for (const auto name : names_in(value)) {
    const auto kind = format::event_kind_from_name(name);
    if (!kind)
      return Error{"unknown kind", std::string(name), 0, "the kinds are " + format::event_kind_names()};
    kinds |= 1U << static_cast<unsigned>(*kind);
  }
  return condition(KindTest{kinds});
}

Result<ConditionPtr> verdict_test(Operator, const std::string& value, bool) {
  using format::kFlagDenied;
  using format::kFlagHeld;
  if (value == "allow") return condition(FlagTest{kFlagHeld | kFlagDenied, kFlagHeld});
  if (value == "deny") return condition(FlagTest{kFlagDenied, kFlagDenied});
  if (value == "none") return condition(FlagTest{kFlagHeld, 0});
  return Error{"unknown verdict", value, 0,
               "the verdicts are allow, deny, and none (an event that did not wait for one)"};
}

Result<ConditionPtr> latency_test(Operator op, const std::string& value, bool) {
  const auto parsed = parse_duration(value);
  if (!parsed) return parsed.error();
  const auto ns = parsed.value();
  switch (op) {
    case Operator::kLess:
      return condition(ns == 0 ? LatencyTest{1, 0} : LatencyTest{0, ns - 1});
    case Operator::kLessEqual:
      return condition(LatencyTest{0, ns});
    case Operator::kGreater:
      return condition(LatencyTest{ns + 1, UINT64_MAX});
    case Operator::kGreaterEqual:
      return condition(LatencyTest{ns, UINT64_MAX});
    default:
      return condition(LatencyTest{ns, ns});
  }
}

Result<ConditionPtr> time_test(Operator op, const std::string& value, bool utc) {
  auto point = parse_time(value, utc);
  if (!point) return point.error();
  format::Alternatives<TimePoint> since;
  format::Alternatives<TimePoint> until;
  (op == Operator::kLess ? until : since).any.push_back(*point);
  return condition(TimeTest{TimeFilter(std::move(since), std::move(until), utc)});
}

constexpr Field kFields[] = {
    {"exe", kText, exe_test, true},
    {"comm", kText, comm_test},
    {"cmdline", kText, cmdline_test},
    {"cgroup", kText, cgroup_test, true},
    {"pid", kNumber, number_test<&format::ProcessEntry::pid>},
    {"ppid", kNumber, number_test<&format::ProcessEntry::ppid>},
    {"uid", kNumber, number_test<&format::ProcessEntry::uid>},
    {"user", kNumber, user_test},
    {"path", kText, path_test<PathTest::Which::kEither>, true},
    {"path2", kText, path_test<PathTest::Which::kSecond>, true},
    {"kind", kKind, kind_test},
    {"verdict", kVerdict, verdict_test},
    {"latency", kLatency, latency_test},
    {"time", kTime, time_test},
};

constexpr FlagField kFlagFields[] = {{"held", format::kFlagHeld},
                                     {"dir", format::kFlagDirectory},
                                     {"deleted", format::kFlagDeleted},
                                     {"uncertain", format::kFlagUncertainProcess}};

}  // namespace

std::span<const Field> all_fields() {
  return kFields;
}

std::span<const FlagField> all_flag_fields() {
  return kFlagFields;
}

const Field* find_field(std::string_view name) {
  const auto* const found = std::find_if(std::begin(kFields), std::end(kFields),
                                         [&](const Field& field) { return field.name == name; });
  return found == std::end(kFields) ? nullptr : found;
}

Result<ConditionPtr> comparison(const Field& field, Operator op, const std::string& value, bool utc) {
  const bool negative = op == Operator::kUnequal || op == Operator::kNoGlob;
  const auto positive = op == Operator::kUnequal  ? Operator::kEqual
                        : op == Operator::kNoGlob ? Operator::kGlob
                                                  : op;
  auto test = field.test(positive, value, utc);
  if (!test || !negative) return test;
  return condition(NoneOf{std::move(*test)});
}

Result<std::uint32_t> parse_pid(std::string_view text) {
  const auto pid = decimal(text);
  if (!pid) return Error{"not a process id", std::string(text), 0, "write a decimal number"};
  return *pid;
}

}  // namespace rfan::replay
