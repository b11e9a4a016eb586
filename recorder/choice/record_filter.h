// Which events a recording keeps: --exe, --path, --user and --cgroup at record time.
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

// The values of the filter options as they were typed; each may be given more than once, '!' negates.
struct RecordFilterArguments {
  std::vector<std::string> exe{}, path{}, user{}, cgroup{};
};

// What is known of a program image. Empty strings and an empty uid are unknown.
struct ProcessTraits {
  std::string_view exe{};
  std::string_view comm{};
  std::optional<std::uint32_t> uid{};
  std::string_view cgroup{};
};

// The same meaning as in rfanreplay: values of one option are OR-ed, options are AND-ed, a negated value must
// not match; what is unknown matches no value, so that a plain option drops it and a negated one keeps it.
//   --exe     executable, or without a slash its base name or the comm
//   --path    path, or without a slash its base name
//   --user    real user, by name or number
//   --cgroup  path of the control group, or without a slash its last component
// Immutable after parse(): any thread. Pure and without a memory of its own: whoever asks keeps the answer
// (ProcessTable does, once for each image).
class RecordFilter {
 public:
  // Accepts everything.
  RecordFilter() = default;

  // Fails on a value that means nothing; the message names the option and says what to write. Asks the user
  // database for names, which may open files and load libraries: before the first mark only.
  static Result<RecordFilter> parse(const RecordFilterArguments& arguments);

  // Whether accepts_process() or accepts_path() can be false at all.
  bool asks_about_processes() const { return !exe_.empty() || !user_.empty() || !cgroup_.empty(); }
  bool asks_about_users() const { return !user_.empty(); }
  bool asks_about_paths() const { return !path_.empty(); }

  // Whether some processes are asked for by name, and not just all but some.
  bool names_processes() const { return !exe_.any.empty() || !user_.any.empty() || !cgroup_.any.empty(); }

  bool accepts_process(const ProcessTraits& process) const;
  // Whether it would, were the process some other user's.
  bool accepts_but_for_user(const ProcessTraits& process) const;

  // An event with two paths (rename) is kept when either matches a plain value and neither a negated one.
  // Empty: unknown, or there is none.
  bool accepts_path(std::string_view path, std::string_view path2 = {}) const;

 private:
  format::Alternatives<format::ExePattern> exe_;
  format::Alternatives<format::PathPattern> path_;
  format::Alternatives<std::uint32_t> user_;
  format::Alternatives<format::PathPattern> cgroup_;
};

}  // namespace rfan::recorder
