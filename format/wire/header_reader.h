// The first bytes of a trace, and whether this program can read the rest. Private to format/.
#pragma once

#include "format/base/error.h"
#include "format/model/byte_io.h"
#include "format/model/trace_info.h"

namespace rfan::format {

// Fails on what is no trace, on another major version and on an unknown incompat flag; the error names it.
Result<FileHeader> read_header(ByteSource& source);

}  // namespace rfan::format
