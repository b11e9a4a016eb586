// Holds the repeated values of one filter key and parses them from the command line.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "format/base/error.h"

namespace rfan::format {

// An event must match at least one of `any`, unless `any` is empty, and none of `none`.
template <typename T>
struct Alternatives {
  std::vector<T> any;
  std::vector<T> none;

  bool empty() const { return any.empty() && none.empty(); }

  template <typename Predicate>
  bool accept(Predicate matches) const {
    return (any.empty() || std::any_of(any.begin(), any.end(), matches)) &&
           std::none_of(none.begin(), none.end(), matches);
  }
};

// Parses each of `values` and appends it to `out.any`, or to `out.none` if it begins with '!'.
// `parse_into(text, list)` appends one or more values and returns a Status. The error names the option.
template <typename T, typename ParseInto>
Status parse_alternatives(std::string_view option, const std::vector<std::string>& values,
                          Alternatives<T>& out, ParseInto parse_into) {
  for (const auto& value : values) {
    const bool negated = value.starts_with('!');
    const auto text = std::string_view(value).substr(negated ? 1 : 0);
    auto& list = negated ? out.none : out.any;
    auto status = text.empty() ? Status(Error{"empty value", {}, 0, {}}) : parse_into(text, list);
    if (!status) {
      auto error = status.error();
      error.what = std::string(option) + ": " + error.what;
      return error;
    }
  }
  return {};
}

// Turns a parser of one value (text to Result) into one that appends to a list.
template <typename Parse>
auto appending(Parse parse) {
  return [parse](std::string_view text, auto& list) -> Status {
    auto value = parse(text);
    if (!value) return value.error();
    list.push_back(std::move(value).value());
    return {};
  };
}

}  // namespace rfan::format
