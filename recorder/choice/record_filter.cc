#include "recorder/choice/record_filter.h"

#include <pwd.h>

#include <charconv>

namespace rfan::recorder {

namespace {

// Takes a number as a uid even if a user has it as a name, which useradd(8) refuses.
Result<std::uint32_t> parse_user(std::string_view text) {
  constexpr const char* kHint = "write the name of a user of this machine, or a number";
  const char* last = text.data() + text.size();
  std::uint32_t uid = 0;
  const auto [end, failure] = std::from_chars(text.data(), last, uid);
  if (failure == std::errc() && end == last) return uid;
  if (failure == std::errc::result_out_of_range && end == last)
    return Error{"no user has the number", std::string(text), 0, kHint};
  const std::string name(text);
  // Not reentrant, but we call it nowhere else, and only one thread runs while options are parsed.
  if (const auto* entry = ::getpwnam(name.c_str())) return entry->pw_uid;  // NOLINT(concurrency-mt-unsafe)
  return Error{"no such user", name, 0, kHint};
}

}  // namespace

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
