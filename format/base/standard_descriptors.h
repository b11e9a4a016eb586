// Guards descriptors 0 to 2 of both programs.
#pragma once

#include "format/base/error.h"

namespace rfan {

// Occupies each of standard input, output and error that the caller closed. Otherwise the next file that is
// opened, such as the trace, would get that number, and messages for standard error would be written into it.
//
// A placeholder cannot be read or written: use fails with EBADF, as on a closed descriptor, so that lost
// output is noticed. An executed program finds the descriptor closed, as the caller left it.
//
// Call it first of all in main(). Fails if the kernel has no descriptor left.
Status occupy_standard_descriptors();

}  // namespace rfan
