// Reading a trace file while it is being written.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "format/model/byte_io.h"

namespace rfan::replay {

// A source that, at the end of the file, waits for more, until the file is finished: it has its footer, or
// was renamed from *.part. A recorder that was killed leaves it waiting, as `tail -f` would. Looks every 50
// ms.
Result<std::unique_ptr<format::ByteSource>> follow_source(const std::string& path);

// The file that rotation began after `path` was finished; nothing when `path` is no file of a rotated set, or
// none appears within two seconds.
std::optional<std::string> next_rotated(const std::string& path);

}  // namespace rfan::replay
