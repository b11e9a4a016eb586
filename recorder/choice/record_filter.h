// Chooses the events that a recording keeps: --exe, --path, --user and --cgroup at record time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "format/base/alternatives.h"
#include "format/base/error.h"
#include "format/base/pattern.h"

namespace rfan::recorder {

// The values of the filter options as typed. Each option may be repeated; '!' negates a value.
struct RecordFilterArguments {
  std::vector<std::string> exe{}, path{}, user{}, cgroup{};
};

// The known facts about a program image. Empty strings and an empty uid are unknown.
struct ProcessTraits {
  std::string_view exe{};
  std::string_view comm{};
  std::optional<std::uint32_t> uid{};
  std::string_view cgroup{};
};

// Filters as rfanreplay does: values of one option are OR-ed, options are AND-ed, and no negated value may
// match. An unknown fact matches no value, so a plain option drops it and a negated one keeps it.
//   --exe     executable, or without a slash its base name or the comm
//   --path    path, or without a slash its base name
//   --user    real user, by name or number
//   --cgroup  path of the control group, or without a slash its last component
// Immutable after parse(), so any thread may use it. Pure and without a cache: callers keep the answer
// (ProcessTable keeps one for each image).
class RecordFilter {
 public:
  // Accepts everything.
  RecordFilter() = default;

  // Fails on an invalid value; the message names the option and says what to write. Looks up names in the
  // user database, which may open files and load libraries: call it only before the first mark.
  static Result<RecordFilter> parse(const RecordFilterArguments& arguments);

  // These return whether accepts_process() or accepts_path() can return false at all.
  bool asks_about_processes() const { return !exe_.empty() || !user_.empty() || !cgroup_.empty(); }
  bool asks_about_users() const { return !user_.empty(); }
  bool asks_about_paths() const { return !path_.empty(); }

  // Returns whether the filter asks for some processes by a plain value, and does not only exclude some.
  bool names_processes() const { return !exe_.any.empty() || !user_.any.empty() || !cgroup_.any.empty(); }

  bool accepts_process(const ProcessTraits& process) const;
  // Returns whether it would accept the process if its user matched.
  bool accepts_but_for_user(const ProcessTraits& process) const;

  // Returns whether to keep an event with these paths. An event with two paths (rename) is kept if either
  // matches a plain value and neither matches a negated one. An empty path is unknown or absent.
  bool accepts_path(std::string_view path, std::string_view path2 = {}) const;

 private:
  format::Alternatives<format::ExePattern> exe_;
  format::Alternatives<format::PathPattern> path_;
  format::Alternatives<std::uint32_t> user_;
  format::Alternatives<format::PathPattern> cgroup_;
};

}  // namespace rfan::recorder
