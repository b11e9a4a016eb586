// What the value of --exe, --comm and --path means: a glob, and the part of the name it is held against.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "format/base/error.h"
#include "format/base/glob.h"

namespace rfan::format {

// The bytes behind the last '/'; the whole of a path without one.
std::string_view base_name(std::string_view path);

// Returns what to say about a value that, as a PathPattern, matches no absolute path, and so nothing that is
// recorded: "src/*.h". Empty for others, and for those that do not compile. `option` is where it was given.
std::string relative_pattern_note(std::string_view option, std::string_view value);

// A value without a slash matches the base name, with one the whole path; one that ends in a slash matches
// everything below that directory. An empty path (unknown) matches nothing.
class PathPattern {
 public:
  static Result<PathPattern> compile(std::string_view value);
  bool matches(std::string_view path) const;

 private:
  PathPattern(Glob glob, bool whole_path) : glob_(std::move(glob)), whole_path_(whole_path) {}
  Glob glob_;
  bool whole_path_;
};

// Matches a comm as a whole. The kernel keeps 15 bytes of a comm, so a longer name without wildcards matches
// the comm it would be cut to. An empty comm (unknown) matches nothing.
class CommPattern {
 public:
  static Result<CommPattern> compile(std::string_view value);
  bool matches(std::string_view comm) const;

 private:
  explicit CommPattern(Glob glob) : glob_(std::move(glob)) {}
  Glob glob_;
};

// With a slash: a PathPattern on the executable. Without: the base name of the executable or the comm, so
// that `vim` finds /usr/bin/vim.basic started as vim, and `build.sh` finds a script that bash runs.
class ExePattern {
 public:
  static Result<ExePattern> compile(std::string_view value);
  bool matches(std::string_view exe, std::string_view comm) const;

 private:
  explicit ExePattern(PathPattern exe) : exe_(std::move(exe)) {}
  PathPattern exe_;
  std::optional<CommPattern> comm_;
};

}  // namespace rfan::format
