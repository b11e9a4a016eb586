// The trace file on disk: where it comes to lie, whose it is, what happens to an older one.
#pragma once

#include <string>

#include "format/error.h"
#include "format/unique_fd.h"

namespace rfan::recorder {

// Opens `path` for a new trace, mode 0600; an existing regular file there is kept as `path`.old. Under sudo
// the file belongs to the invoking user. "-" is standard output, unless that is a terminal.
Result<UniqueFd> open_output(const std::string& path);

}  // namespace rfan::recorder
