// Descriptors 0 to 2 of both programs.
#pragma once

#include "format/base/error.h"

namespace rfan {

// Occupies each of standard input, output and error that the caller closed. Otherwise the next file to be
// opened, such as the trace, would get that number, and with it whatever is said on standard error.
//
// A placeholder cannot be read or written: use fails with EBADF, as it does on a closed descriptor, so that
// lost output is noticed. An executed program finds the descriptor closed, as the caller left it.
//
// Call it first of all in main(). Fails if the kernel has no descriptor left.
Status occupy_standard_descriptors();

}  // namespace rfan
