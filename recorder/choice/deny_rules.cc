#include "recorder/choice/deny_rules.h"

#include <algorithm>
#include <array>
#include <utility>

namespace rfan::recorder {

namespace {

// The errors that the kernel accepts in a denial (fanotify_write() of Linux 6.14 and later).
constexpr std::array<std::pair<std::string_view, int>, 7> kErrors{{
    {"EPERM", EPERM},
    {"EIO", EIO},
    {"EBUSY", EBUSY},
    {"ETXTBSY", ETXTBSY},
    {"EAGAIN", EAGAIN},
    {"ENOSPC", ENOSPC},
    {"EDQUOT", EDQUOT},
}};

Result<int> parse_error(const std::string& name) {
  const auto* known =
      std::find_if(kErrors.begin(), kErrors.end(), [&](const auto& entry) { return entry.first == name; });
  if (known != kErrors.end()) return known->second;
  std::string names;
  for (const auto& entry : kErrors) names.append(names.empty() ? "" : " ").append(entry.first);
  return Error{"--deny-errno: the kernel cannot deny with", name, 0, "it knows " + names};
}

}  // namespace

Result<DenyRules> DenyRules::parse(const DenyArguments& arguments) {
  DenyRules rules;
  auto status = format::parse_alternatives("--deny", arguments.globs, rules.paths_,
                                           format::appending(format::PathPattern::compile));
  if (!status) return status.error();
  if (arguments.error.empty()) return rules;
  if (rules.empty()) return Error{"--deny-errno does nothing without --deny", {}, 0, {}};
  const auto error = parse_error(arguments.error);
  if (!error) return error.error();
  rules.error_ = error.value();
  return rules;
}

bool DenyRules::matches(std::string_view path) const {
  return !empty() && paths_.accept([&](const format::PathPattern& pattern) { return pattern.matches(path); });
}

}  // namespace rfan::recorder
