// Makes the sample trace as a later minor version might write it, with parts that this version does not know.
#pragma once

#include "tests/format/trace_fixture.h"

namespace rfan::tests {

// Returns a trace of version 1.7: a compat flag, a frame type, a field of the CLOCK table and a column of
// every block are unknown, and there is no INDEX.
Bytes future_trace();

// Returns the same trace with an incompat flag, bit 5.
Bytes incompatible_trace();

}  // namespace rfan::tests
