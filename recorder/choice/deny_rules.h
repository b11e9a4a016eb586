// Fault injection: chooses the opens and execs to deny, and the error.
#pragma once

#include <cerrno>
#include <string>
#include <string_view>
#include <vector>

#include "format/base/alternatives.h"
#include "format/base/error.h"
#include "format/base/pattern.h"

namespace rfan::recorder {

// The values of --deny and --deny-errno as they were typed.
struct DenyArguments {
  std::vector<std::string> globs{};
  std::string error{};  // empty: EPERM
};

// Decides by path which opens to deny. Matches like --path: values are OR-ed, and '!' before a value makes an
// exception. Immutable after parse() and allocates nothing, because the reader thread asks while an opener
// waits.
class DenyRules {
 public:
  // Denies nothing.
  DenyRules() = default;

  static Result<DenyRules> parse(const DenyArguments& arguments);

  bool empty() const { return paths_.empty(); }
  // Returns whether to deny `path` (the kernel's path). A rule without a slash matches the base name.
  bool matches(std::string_view path) const;

  // The error that the opener gets. Any error but EPERM needs a group that supports it
  // (GroupOptions::deny_with_errno).
  int error() const { return error_; }

 private:
  format::Alternatives<format::PathPattern> paths_;
  int error_ = EPERM;
};

}  // namespace rfan::recorder
