// Fault injection: which held opens and execs fail, and with which error.
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

// --deny means paths as --path does: values are OR-ed, '!' before one excepts what it matches. Immutable
// after parse(), allocates nothing: the reader thread asks while an opener waits.
class DenyRules {
 public:
  // Denies nothing.
  DenyRules() = default;

  static Result<DenyRules> parse(const DenyArguments& arguments);

  bool empty() const { return paths_.empty(); }
  // `path` as the kernel gives it; of a rule without a slash its base name.
  bool matches(std::string_view path) const;

  // What the opener gets. Anything but EPERM needs a group that can say so (GroupOptions::deny_with_errno).
  int error() const { return error_; }

 private:
  format::Alternatives<format::PathPattern> paths_;
  int error_ = EPERM;
};

}  // namespace rfan::recorder
