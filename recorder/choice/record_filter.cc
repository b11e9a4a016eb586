#include "recorder/choice/record_filter.h"

#include "format/base/user.h"

namespace rfan::recorder {

Result<RecordFilter> RecordFilter::parse(const RecordFilterArguments& arguments) {
  using format::appending;
  using format::parse_alternatives;
  using format::PathPattern;
  RecordFilter filter;
  auto status =
      parse_alternatives("--exe", arguments.exe, filter.exe_, appending(format::ExePattern::compile));
  if (status)
    status = parse_alternatives("--path", arguments.path, filter.path_, appending(PathPattern::compile));
  if (status) status = parse_alternatives("--user", arguments.user, filter.user_, appending(parse_user));
  if (status)
    status =
        parse_alternatives("--cgroup", arguments.cgroup, filter.cgroup_, appending(PathPattern::compile));
  if (!status) return status.error();
  return filter;
}

bool RecordFilter::accepts_process(const ProcessTraits& process) const {
  return user_.accept([&](std::uint32_t uid) { return process.uid == uid; }) && accepts_but_for_user(process);
}

bool RecordFilter::accepts_but_for_user(const ProcessTraits& process) const {
  return cgroup_.accept([&](const format::PathPattern& pattern) {
    return pattern.matches(process.cgroup);
  }) && exe_.accept([&](const format::ExePattern& pattern) {
    return pattern.matches(process.exe, process.comm);
  });
}

bool RecordFilter::accepts_path(std::string_view path, std::string_view path2) const {
  return path_.accept(
      [&](const format::PathPattern& pattern) { return pattern.matches(path) || pattern.matches(path2); });
}

}  // namespace rfan::recorder
