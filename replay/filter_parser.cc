// parse_filter(): from the typed values of the filter options to a FilterSpec.
#include <charconv>

#include "replay/filter.h"

namespace rfan::replay {
namespace {

using format::EventKind;

std::string kind_names() {
  std::string names;
  for (std::size_t kind = 1; kind < format::kEventKindLimit; ++kind) {
    if (!names.empty()) names += ", ";
    names += format::event_kind_name(static_cast<EventKind>(kind));
  }
  return names;
}

Result<EventKind> parse_kind(std::string_view name) {
  if (auto kind = format::event_kind_from_name(name)) return *kind;
  return Error{"unknown kind", std::string(name), 0, "the kinds are " + kind_names()};
}

Result<std::uint32_t> parse_pid(std::string_view text) {
  std::uint32_t pid = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), pid);
  if (failure != std::errc() || end != text.data() + text.size()) {
    return Error{"not a process id", std::string(text), 0, "write a decimal number"};
  }
  return pid;
}

Status parse_kind_list(std::string_view text, std::vector<EventKind>& list) {
  while (true) {
    const auto comma = text.find(',');
    auto kind = parse_kind(text.substr(0, comma));
    if (!kind) return kind.error();
    list.push_back(*kind);
    if (comma == text.npos) return {};
    text.remove_prefix(comma + 1);
  }
}

}  // namespace

Result<FilterSpec> parse_filter(const FilterArguments& arguments, bool utc) {
  FilterSpec spec;
  spec.utc = utc;
  const auto time = format::appending([utc](std::string_view text) { return parse_time(text, utc); });
  Status status = format::parse_alternatives("--exe", arguments.exe, spec.exe,
                                             format::appending(format::ExePattern::compile));
  if (status)
    status = format::parse_alternatives("--comm", arguments.comm, spec.comm,
                                        format::appending(format::CommPattern::compile));
  if (status)
    status = format::parse_alternatives("--pid", arguments.pid, spec.pid, format::appending(parse_pid));
  if (status)
    status = format::parse_alternatives("--path", arguments.path, spec.path,
                                        format::appending(format::PathPattern::compile));
  if (status) status = format::parse_alternatives("--kind", arguments.kind, spec.kind, parse_kind_list);
  if (status) status = format::parse_alternatives("--since", arguments.since, spec.since, time);
  if (status) status = format::parse_alternatives("--until", arguments.until, spec.until, time);
  if (!status) return status.error();
  return spec;
}

}  // namespace rfan::replay
