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

// Parses each of `values` and files it under any or none, by its '!'. `parse_into(text, list)` gives a
// Status.
template <typename T, typename ParseInto>
Status parse_values(std::string_view option, const std::vector<std::string>& values, Alternatives<T>& out,
                    ParseInto parse_into) {
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

// Turns a parser of one value into one that appends to a list.
template <typename Parse>
auto single(Parse parse) {
  return [parse](std::string_view text, auto& list) -> Status {
    auto value = parse(text);
    if (!value) return value.error();
    list.push_back(std::move(value).value());
    return {};
  };
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
  const auto time = single([utc](std::string_view text) { return parse_time(text, utc); });
  Status status = parse_values("--exe", arguments.exe, spec.exe, single(ExePattern::compile));
  if (status) status = parse_values("--comm", arguments.comm, spec.comm, single(CommPattern::compile));
  if (status) status = parse_values("--pid", arguments.pid, spec.pid, single(parse_pid));
  if (status) status = parse_values("--path", arguments.path, spec.path, single(PathPattern::compile));
  if (status) status = parse_values("--kind", arguments.kind, spec.kind, parse_kind_list);
  if (status) status = parse_values("--since", arguments.since, spec.since, time);
  if (status) status = parse_values("--until", arguments.until, spec.until, time);
  if (!status) return status.error();
  return spec;
}

}  // namespace rfan::replay
