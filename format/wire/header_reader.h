// Reads the first bytes of a trace and decides whether this program can read the rest. Private to format/.
#pragma once

#include "format/base/error.h"
#include "format/model/byte_io.h"
#include "format/model/trace_info.h"

namespace rfan::format {

// Returns the HEADER. Fails if the source is not a trace, or has another major version or an unknown incompat
// flag, which the error names.
Result<FileHeader> read_header(ByteSource& source);

}  // namespace rfan::format
