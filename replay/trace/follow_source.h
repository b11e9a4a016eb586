// Reads a trace file while it is being written.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "format/model/byte_io.h"

namespace rfan::replay {

// Returns a source that waits for more bytes at the end of the file until the file is finished. It is
// finished when it has its footer, or when its name means no file or another one (it was renamed from *.part,
// removed or replaced) and no recorder writes to it. After a recorder was killed, the source waits on, like
// `tail -f`. Checks every 50 ms.
Result<std::unique_ptr<format::ByteSource>> follow_source(const std::string& path);

// Returns the file that rotation began after `path` was finished. Returns nothing if `path` is not part of a
// rotated set or if no such file appears within two seconds.
std::optional<std::string> next_rotated(const std::string& path);

}  // namespace rfan::replay
