// The trace file on disk: where it comes to lie, whose it is, what happens to an older one.
#pragma once

#include <string>

#include "format/error.h"
#include "format/unique_fd.h"

namespace rfan::recorder {

// Opens `path` for a new trace, mode 0600; an existing regular file there is kept as `path`.old. Under sudo
// the file belongs to the invoking user. "-" is standard output, unless that is a terminal. While the
// descriptor is open, a regular file is locked (flock(2), exclusive).
Result<UniqueFd> open_output(const std::string& path);

// Whether a recorder has this file open for its trace: it holds the lock.
bool is_being_written(const std::string& path);

}  // namespace rfan::recorder
