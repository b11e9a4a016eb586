// Implements parse_where(), which parses --where 'EXPR'.
#include <algorithm>
#include <optional>
#include <utility>

#include "format/base/escape.h"
#include "format/base/pattern.h"
#include "replay/query/field_tests.h"
#include "replay/query/filter_parser.h"

namespace rfan::replay {
namespace {

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

// Splits the text of an expression into tokens, on demand of the parser: a word can be a keyword, a field or
// a value, and only the grammar knows which. The take functions skip spaces first and consume what they
// return.
class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  bool at_end() {
    skip_spaces();
    return at_ == text_.size();
  }
  // Returns where the next token begins.
  std::size_t position() {
    skip_spaces();
    return at_;
  }

  bool take(std::string_view token) {
    skip_spaces();
    if (!text_.substr(at_).starts_with(token)) return false;
    at_ += token.size();
    return true;
  }
  bool take_keyword(std::string_view word) {
    skip_spaces();
    const auto rest = text_.substr(at_);
    if (!rest.starts_with(word) || (rest.size() > word.size() && in_word(rest[word.size()]))) return false;
    at_ += word.size();
    return true;
  }
  // Returns an empty word if there is none.
  std::string_view take_word() {
    skip_spaces();
    const auto begin = at_;
    while (at_ < text_.size() && in_word(text_[at_])) ++at_;
    return text_.substr(begin, at_ - begin);
  }
  std::optional<Operator> take_operator() {
    for (const auto& [name, op] : kOperators) {
      if (take(name)) return op;
    }
    return {};
  }
  // Takes a word up to a space or a parenthesis, or text in quotes.
  Result<std::string> take_value() {
    if (at_end()) return fault("expected a value");
    const char quote = text_[at_];
    if (quote == '\'' || quote == '"') {
      const auto end = text_.find(quote, at_ + 1);
      if (end == text_.npos) return fault("this quote is not closed");
      std::string value(text_.substr(at_ + 1, end - at_ - 1));
      at_ = end + 1;
      return value;
    }
    const auto end = std::min(text_.find_first_of(" \t\n()", at_), text_.size());
    if (end == at_) return fault("expected a value");
    std::string value(text_.substr(at_, end - at_));
    at_ = end;
    return value;
  }

  // Returns an error with a caret under the place where the lexer stands, or under `at`.
  Error fault(const std::string& what) const { return fault_at(at_, what); }
  Error fault_at(std::size_t at, const std::string& what) const {
    const auto shown = escaped(text_);
    const auto before = escaped(text_.substr(0, at));
    return {.what = "--where: " + what,
            .excerpt = "  " + shown + "\n  " + std::string(before.size(), ' ') + "^"};
  }

 private:
  static bool in_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  }
  void skip_spaces() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n')) ++at_;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

// Returns "exe comm ..., and the flags held dir ...".
std::string field_names() {
  std::string names;
  for (const auto& field : all_fields()) {
    if (!names.empty()) names += ' ';
    names += field.name;
  }
  names += ", and the flags";
  for (const auto& flag : all_flag_fields()) names.append(" ").append(flag.name);
  return names;
}

// Parses an expression by recursive descent, one function for each rule of the grammar in filter_parser.h.
// Lives for one parse. The depth of the recursion is bounded, because an expression may come from anywhere.
class WhereParser {
 public:
  WhereParser(std::string_view text, bool utc, std::vector<std::string>* notes)
      : lexer_(text), utc_(utc), notes_(notes) {}

  Result<ConditionPtr> parse() {
    auto whole = parse_or();
    if (!whole) return whole;
    if (!lexer_.at_end()) return lexer_.fault("expected 'and', 'or' or the end");
    return whole;
  }

 private:
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
    } while (lexer_.take_keyword(keyword));
    return parts.size() == 1 ? parts.front() : combine(std::move(parts));
  }

  Result<ConditionPtr> parse_not() {
    if (++depth_ > kMaxDepth) return lexer_.fault("too deeply nested");
    const bool negate = lexer_.take_keyword("not");
    auto part = negate ? parse_not() : parse_primary();
    --depth_;
    if (!part || !negate) return part;
    return condition(NoneOf{std::move(*part)});
  }

  Result<ConditionPtr> parse_primary() {
    if (!lexer_.take("(")) return parse_comparison();
    auto inner = parse_or();
    if (inner && !lexer_.take(")")) return lexer_.fault("expected ')'");
    return inner;
  }

  Result<ConditionPtr> parse_comparison() {
    const auto field_at = lexer_.position();
    const auto name = lexer_.take_word();
    if (name.empty()) return lexer_.fault("expected a comparison, such as: exe ~ vim");
    for (const auto& flag : all_flag_fields()) {
      if (flag.name == name) return condition(FlagTest{flag.bit, flag.bit});
    }
    const auto* const field = find_field(name);
    if (field == nullptr) {
      return lexer_.fault_at(field_at, "unknown field; there are " + field_names());
    }
    const auto operator_at = lexer_.position();
    const auto op = lexer_.take_operator();
    if (!op) return lexer_.fault("expected an operator: == != < <= > >= ~ !~ =~");
    const auto value_at = lexer_.position();
    const auto value = lexer_.take_value();
    if (!value) return value.error();
    if (!field->operators.contains(*op)) {
      return lexer_.fault_at(operator_at, std::string(field->operators.rule));
    }
    auto test = comparison(*field, *op, value.value(), utc_);
    if (test) return note_relative_glob(*field, *op, value.value()), test;
    const auto& error = test.error();
    return lexer_.fault_at(value_at, error.hint.empty() ? error.what : error.what + "; " + error.hint);
  }

  void note_relative_glob(const Field& field, Operator op, std::string_view value) const {
    const bool glob = op == Operator::kGlob || op == Operator::kNoGlob;
    if (notes_ == nullptr || !field.is_path || !glob) return;
    auto note = format::relative_pattern_note("--where: " + std::string(field.name), value);
    if (!note.empty()) notes_->push_back(std::move(note));
  }

  static constexpr int kMaxDepth = 100;  // of parentheses and `not`

  Lexer lexer_;
  bool utc_;
  std::vector<std::string>* notes_;
  int depth_ = 0;
};

}  // namespace

Result<ConditionPtr> parse_where(std::string_view text, bool utc, std::vector<std::string>* notes) {
  return WhereParser(text, utc, notes).parse();
}

}  // namespace rfan::replay
