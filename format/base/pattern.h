// Defines the values of --exe, --comm and --path: a glob, and the part of the name that it must match.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "format/base/error.h"
#include "format/base/glob.h"

namespace rfan::format {

// Returns the bytes after the last '/', or the whole path if it has none.
std::string_view base_name(std::string_view path);

// Returns a note on a value that, as a PathPattern, matches no absolute path and so nothing that is recorded,
// such as "src/*.h". Returns an empty string for other values, and for those that do not compile. `option`
// names the option that got the value.
std::string relative_pattern_note(std::string_view option, std::string_view value);

// Matches a path. A value without a slash matches the base name, a value with one the whole path. A value
// that ends in a slash matches everything below that directory. An empty path (unknown) matches nothing.
class PathPattern {
 public:
  static Result<PathPattern> compile(std::string_view value);
  bool matches(std::string_view path) const;

 private:
  PathPattern(Glob glob, bool whole_path) : glob_(std::move(glob)), whole_path_(whole_path) {}
  Glob glob_;
  bool whole_path_;
};

// Matches a comm as a whole. The kernel keeps 15 bytes of a comm, so a longer value without wildcards matches
// the comm to which the kernel would cut it. An empty comm (unknown) matches nothing.
class CommPattern {
 public:
  static Result<CommPattern> compile(std::string_view value);
  bool matches(std::string_view comm) const;

 private:
  explicit CommPattern(Glob glob) : glob_(std::move(glob)) {}
  Glob glob_;
};

// Matches the program of a process. A value with a slash is a PathPattern on the executable. A value without
// one matches the base name of the executable or the comm: `vim` finds /usr/bin/vim.basic started as vim, and
// `build.sh` finds a script that bash runs.
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
