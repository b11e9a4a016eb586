// " (deleted)": what the kernel appends to the path of an unlinked file, in readlink(2) of /proc and in perf
// records.
#pragma once

#include <sys/stat.h>

#include <string_view>

namespace rfan::recorder {

inline constexpr std::string_view kDeletedSuffix = " (deleted)";

// Any thread: the path without the suffix, if it has it. Not a verdict: a file may really be called that.
inline std::string_view without_deleted_suffix(std::string_view path) {
  return path.ends_with(kDeletedSuffix) ? path.substr(0, path.size() - kDeletedSuffix.size()) : path;
}

// Whether `path` is the kernel's name of something unlinked, the suffix included, and not that of a file
// which is really called so: then the path as it stands leads to `object` (null: not known any more, so that
// any file of that name will do). Looks the path up, which may wait for whichever filesystem it lies on:
// never on the reader thread.
bool names_deleted(std::string_view path, const struct stat* object);

}  // namespace rfan::recorder
