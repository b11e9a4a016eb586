// The suffix " (deleted)". The kernel appends it to the path of an unlinked file in readlink(2) of /proc and
// in perf records.
#pragma once

#include <sys/stat.h>

#include <string_view>

namespace rfan::recorder {

inline constexpr std::string_view kDeletedSuffix = " (deleted)";

// Returns the path without the suffix. This proves nothing: a file may really have such a name. Any thread.
inline std::string_view without_deleted_suffix(std::string_view path) {
  return path.ends_with(kDeletedSuffix) ? path.substr(0, path.size() - kDeletedSuffix.size()) : path;
}

// Returns true if `path` (suffix included) is the kernel's name for an unlinked object. Returns false if a
// file really has that name: then `path` leads to `object`. A null `object` means that the object is unknown;
// then any file of that name counts. Looks the path up and may wait for its filesystem: never call it on the
// reader thread.
bool names_deleted(std::string_view path, const struct stat* object);

}  // namespace rfan::recorder
