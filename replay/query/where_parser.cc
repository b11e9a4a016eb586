// Implements parse_where(), which parses --where 'EXPR'.
#include <re2/re2.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "format/base/escape.h"
#include "format/base/pattern.h"
#include "format/base/quantity.h"
#include "format/base/user.h"
#include "replay/query/filter_parser.h"
#include "replay/trace/process_view.h"

namespace rfan::replay {
namespace {

enum class Operator : std::uint8_t {
  kEqual,
  kUnequal,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kGlob,
  kNoGlob,
  kRegex
};

struct OperatorName {
  std::string_view text;
  Operator op;
};
// Longer operators come before their prefixes.
constexpr OperatorName kOperators[] = {{"==", Operator::kEqual},     {"=~", Operator::kRegex},
                                       {"!=", Operator::kUnequal},   {"!~", Operator::kNoGlob},
                                       {"<=", Operator::kLessEqual}, {">=", Operator::kGreaterEqual},
                                       {"<", Operator::kLess},       {">", Operator::kGreater},
                                       {"=", Operator::kEqual},      {"~", Operator::kGlob}};

constexpr std::string_view kFields =
    "exe comm cmdline cgroup pid ppid uid user path path2 kind verdict latency time, and the flags held dir "
    "deleted uncertain";

// Return a text or a number of a process.
using ProcessText = std::string (*)(const ProcessView&);
using ProcessNumber = std::uint32_t (*)(const format::ProcessEntry&);

std::optional<ProcessText> text_field(std::string_view name) {
  if (name == "exe") return [](const ProcessView& view) { return std::string(view.exe()); };
  if (name == "comm") return [](const ProcessView& view) { return std::string(view.process().comm); };
  if (name == "cgroup") return [](const ProcessView& view) { return std::string(view.process().cgroup); };
  if (name == "cmdline")
    return [](const ProcessView& view) { return joined_arguments(view.process().cmdline); };
  return {};
}

std::optional<ProcessNumber> number_field(std::string_view name) {
  if (name == "pid") return [](const format::ProcessEntry& process) { return process.pid; };
  if (name == "ppid") return [](const format::ProcessEntry& process) { return process.ppid; };
  if (name == "uid" || name == "user") return [](const format::ProcessEntry& process) { return process.uid; };
  return {};
}

template <typename T>
bool compares(T left, Operator op, T right) {
  switch (op) {
    case Operator::kEqual:
      return left == right;
    case Operator::kUnequal:
      return left != right;
    case Operator::kLess:
      return left < right;
    case Operator::kLessEqual:
      return left <= right;
    case Operator::kGreater:
      return left > right;
    case Operator::kGreaterEqual:
      return left >= right;
    default:
      return false;
  }
}

ConditionPtr negated(ConditionPtr part) {
  return condition(NoneOf{std::move(part)});
}
ConditionPtr negated_if(bool negate, ConditionPtr part) {
  return negate ? negated(std::move(part)) : part;
}

bool ordering(Operator op) {
  return op == Operator::kLess || op == Operator::kLessEqual || op == Operator::kGreater ||
         op == Operator::kGreaterEqual;
}

bool globbing(Operator op) {
  return op == Operator::kGlob || op == Operator::kNoGlob;
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

class WhereParser {
 public:
  WhereParser(std::string_view text, bool utc, std::vector<std::string>* notes)
      : text_(text), utc_(utc), notes_(notes) {}

  Result<ConditionPtr> parse() {
    auto whole = parse_or();
    if (!whole) return whole;
    skip_spaces();
    if (at_ != text_.size()) return fail("expected 'and', 'or' or the end");
    return whole;
  }

 private:
  // Returns an error with a caret under `at_`.
  Error fail(const std::string& what) const {
    const auto shown = escaped(text_);
    const auto before = escaped(text_.substr(0, at_));
    return Error{"--where: " + escaped_sentence(what) + "\n  " + shown + "\n  " +
                     std::string(before.size(), ' ') + "^",
                 {},
                 0,
                 {}};
  }
  Error fail_at(std::size_t at, const std::string& what) {
    at_ = at;
    return fail(what);
  }

  void skip_spaces() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n')) ++at_;
  }

  bool take(std::string_view token) {
    skip_spaces();
    if (!text_.substr(at_).starts_with(token)) return false;
    at_ += token.size();
    return true;
  }

  static bool in_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  }

  bool take_keyword(std::string_view word) {
    skip_spaces();
    const auto rest = text_.substr(at_);
    if (!rest.starts_with(word) || (rest.size() > word.size() && in_word(rest[word.size()]))) return false;
    at_ += word.size();
    return true;
  }

  Result<ConditionPtr> parse_or() {
    return parse_list("or", &WhereParser::parse_and,
                      [](auto parts) { return condition(AnyOf{std::move(parts)}); });
  }
  Result<ConditionPtr> parse_and() {
    return parse_list("and", &WhereParser::parse_not,
                      [](auto parts) { return condition(AllOf{std::move(parts)}); });
  }

  template <typename Combine>
  Result<ConditionPtr> parse_list(std::string_view keyword, Result<ConditionPtr> (WhereParser::*parse_part)(),
                                  Combine combine) {
    std::vector<ConditionPtr> parts;
    do {
      auto part = (this->*parse_part)();
      if (!part) return part;
      parts.push_back(*part);
    } while (take_keyword(keyword));
    return parts.size() == 1 ? parts.front() : combine(std::move(parts));
  }

  Result<ConditionPtr> parse_not() {
    if (++depth_ > kMaxDepth) return fail("too deeply nested");
    const bool negate = take_keyword("not");
    auto part = negate ? parse_not() : parse_primary();
    --depth_;
    if (!part) return part;
    return negated_if(negate, *part);
  }

  Result<ConditionPtr> parse_primary() {
    if (!take("(")) return parse_comparison();
    auto inner = parse_or();
    if (inner && !take(")")) return fail("expected ')'");
    return inner;
  }

  Result<ConditionPtr> parse_comparison() {
    skip_spaces();
    const auto field_at = at_;
    while (at_ < text_.size() && in_word(text_[at_])) ++at_;
    const auto field = text_.substr(field_at, at_ - field_at);
    if (field.empty()) return fail("expected a comparison, such as: exe ~ vim");
    if (auto flag = flag_test(field)) return *flag;
    if (!known_field(field)) return fail_at(field_at, "unknown field; there are " + std::string(kFields));
    skip_spaces();
    const auto operator_at = at_;
    const auto op = take_operator();
    if (!op) return fail("expected an operator: == != < <= > >= ~ !~ =~");
    skip_spaces();
    const auto value_at = at_;
    auto value = take_value();
    if (!value) return value.error();
    auto test = make_test(field, *op, *value);
    if (test) return note_relative_glob(field, *op, *value), test;
    const bool operator_fault = test.error().path == kOperatorFault;
    return fail_at(operator_fault ? operator_at : value_at,
                   test.error().what + (test.error().hint.empty() ? "" : "; " + test.error().hint));
  }

  void note_relative_glob(std::string_view field, Operator op, std::string_view value) const {
    const bool of_path = field == "path" || field == "path2" || field == "exe" || field == "cgroup";
    if (notes_ == nullptr || !of_path || !globbing(op)) return;
    auto note = format::relative_pattern_note("--where: " + std::string(field), value);
    if (!note.empty()) notes_->push_back(std::move(note));
  }

  static std::optional<ConditionPtr> flag_test(std::string_view field) {
    const auto flag = [](std::uint8_t bit) { return condition(FlagTest{bit, bit}); };
    if (field == "held") return flag(format::kFlagHeld);
    if (field == "dir") return flag(format::kFlagDirectory);
    if (field == "deleted") return flag(format::kFlagDeleted);
    if (field == "uncertain") return flag(format::kFlagUncertainProcess);
    return {};
  }

  static bool known_field(std::string_view field) {
    return text_field(field) || number_field(field) || field == "path" || field == "path2" ||
           field == "kind" || field == "verdict" || field == "latency" || field == "time";
  }

  std::optional<Operator> take_operator() {
    for (const auto& [name, op] : kOperators) {
      if (take(name)) return op;
    }
    return {};
  }

  Result<std::string> take_value() {
    if (at_ == text_.size()) return fail("expected a value");
    const char quote = text_[at_];
    if (quote == '\'' || quote == '"') {
      const auto end = text_.find(quote, at_ + 1);
      if (end == text_.npos) return fail("this quote is not closed");
      std::string value(text_.substr(at_ + 1, end - at_ - 1));
      at_ = end + 1;
      return value;
    }
    const auto end = std::min(text_.find_first_of(" \t\n()", at_), text_.size());
    if (end == at_) return fail("expected a value");
    std::string value(text_.substr(at_, end - at_));
    at_ = end;
    return value;
  }

  static Error wrong_operator(std::string_view what) {
    return Error{std::string(what), std::string(kOperatorFault), 0, {}};
  }

  Result<ConditionPtr> make_test(std::string_view field, Operator op, const std::string& value) const {
    if (field == "path") return path_test(PathTest::Which::kEither, op, value);
    if (field == "path2") return path_test(PathTest::Which::kSecond, op, value);
    if (field == "kind") return kind_test(op, value);
    if (field == "verdict") return verdict_test(op, value);
    if (field == "latency") return latency_test(op, value);
    if (field == "time") return time_test(op, value);
    if (const auto number = number_field(field)) return number_test(field, *number, op, value);
    return process_text_test(field, *text_field(field), op, value);
  }

  template <typename Pattern>
  static Result<std::function<bool(std::string_view)>> glob_match(const std::string& value) {
    auto pattern = Pattern::compile(value);
    if (!pattern) return pattern.error();
    return std::function<bool(std::string_view)>(
        [pattern = std::move(pattern).value()](std::string_view text) { return pattern.matches(text); });
  }

  // Returns the test of a text against `value`. An unknown (empty) text matches nothing.
  template <typename Pattern>
  static Result<std::function<bool(std::string_view)>> text_match(Operator op, const std::string& value) {
    if (ordering(op)) return wrong_operator("text takes == != ~ !~ and =~");
    if (globbing(op)) return glob_match<Pattern>(value);
    if (op != Operator::kRegex) {
      return std::function<bool(std::string_view)>(
          [value](std::string_view text) { return !text.empty() && text == value; });
    }
    auto regex = compile_regex(value);
    if (!regex) return regex.error();
    return std::function<bool(std::string_view)>(
        [regex = *regex](std::string_view text) { return !text.empty() && finds(*regex, text); });
  }

  static bool negative(Operator op) { return op == Operator::kUnequal || op == Operator::kNoGlob; }

  static Result<ConditionPtr> path_test(PathTest::Which which, Operator op, const std::string& value) {
    auto match = text_match<format::PathPattern>(op, value);
    if (!match) return match.error();
    return negated_if(negative(op), condition(PathTest{std::move(*match), which}));
  }

  static Result<ConditionPtr> process_text_test(std::string_view field, ProcessText text_of, Operator op,
                                                const std::string& value) {
    if (field == "exe" && globbing(op)) {  // like --exe: compares the comm, too
      auto pattern = format::ExePattern::compile(value);
      if (!pattern) return pattern.error();
      return negated_if(negative(op),
                        condition(ProcessTest{[pattern = std::move(*pattern)](const ProcessView& view) {
                          return pattern.matches(view.exe(), view.process().comm);
                        }}));
    }
    auto match = field == "exe" || field == "cgroup" ? text_match<format::PathPattern>(op, value)
                                                     : text_match<format::CommPattern>(op, value);
    if (!match) return match.error();
    return negated_if(negative(op),
                      condition(ProcessTest{[match = std::move(*match), text_of](const ProcessView& view) {
                                              return match(text_of(view));
                                            },
                                            field == "cmdline"}));
  }

  static Result<ConditionPtr> number_test(std::string_view field, ProcessNumber number_of, Operator op,
                                          const std::string& value) {
    if (globbing(op) || op == Operator::kRegex) return wrong_operator("a number takes == != < <= > and >=");
    std::uint32_t number = 0;
    if (field == "user") {
      auto user = parse_user(value);
      if (!user) return user.error();
      number = *user;
    } else {
      const auto [end, failure] = std::from_chars(value.data(), value.data() + value.size(), number);
      if (failure != std::errc() || end != value.data() + value.size())
        return Error{"expected a number", {}, 0, {}};
    }
    const bool negate = negative(op);
    const auto positive = negate ? Operator::kEqual : op;
    return negated_if(negate, condition(ProcessTest{[number_of, positive, number](const ProcessView& view) {
                        return view.known() && compares(number_of(view.process()), positive, number);
                      }}));
  }

  static Status equality_only(Operator op, const char* what) {
    if (op == Operator::kEqual || op == Operator::kUnequal) return {};
    return wrong_operator(std::string(what) + " takes == and !=");
  }

  static Result<ConditionPtr> kind_test(Operator op, const std::string& value) {
    if (auto status = equality_only(op, "kind"); !status) return status.error();
    auto kinds = parse_kinds(value);
    if (!kinds) return kinds.error();
    return negated_if(negative(op), condition(KindTest{*kinds}));
  }

  static Result<ConditionPtr> verdict_test(Operator op, const std::string& value) {
    if (auto status = equality_only(op, "verdict"); !status) return status.error();
    auto verdict = parse_verdict(value);
    if (!verdict) return verdict.error();
    return negated_if(negative(op), condition(*verdict));
  }

  static Result<ConditionPtr> latency_test(Operator op, const std::string& value) {
    if (globbing(op) || op == Operator::kRegex) return wrong_operator("latency takes == != < <= > and >=");
    auto parsed = parse_duration(value);
    if (!parsed) return parsed.error();
    const auto ns = *parsed;
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
        return negated_if(negative(op), condition(LatencyTest{ns, ns}));
    }
  }

  // Supports < and >= only, since TimeFilter knows "at or after" and "before" only. Times are never finer
  // than a microsecond.
  Result<ConditionPtr> time_test(Operator op, const std::string& value) const {
    if (op != Operator::kLess && op != Operator::kGreaterEqual) return wrong_operator("time takes < and >=");
    auto point = parse_time(value, utc_);
    if (!point) return point.error();
    format::Alternatives<TimePoint> since;
    format::Alternatives<TimePoint> until;
    (op == Operator::kLess ? until : since).any.push_back(*point);
    return condition(TimeTest{TimeFilter(std::move(since), std::move(until), utc_)});
  }

  // Marks errors about the operator; all others are about the value.
  static constexpr std::string_view kOperatorFault = "operator";
  static constexpr int kMaxDepth = 100;  // of parentheses and `not`: bounds the recursion

  std::string_view text_;
  bool utc_;
  std::vector<std::string>* notes_;
  std::size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace

Result<ConditionPtr> parse_where(std::string_view text, bool utc, std::vector<std::string>* notes) {
  return WhereParser(text, utc, notes).parse();
}

}  // namespace rfan::replay
