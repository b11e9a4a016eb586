// The sample trace as a later minor version might write it: with what this one does not know.
#pragma once

#include "tests/format/trace_fixture.h"

namespace rfan::tests {

// Version 1.7: a compat flag, a frame type, a field of the CLOCK table and a column of every block are
// unknown, and there is no INDEX.
Bytes future_trace();

// The same with an incompat flag, bit 5.
Bytes incompatible_trace();

}  // namespace rfan::tests
