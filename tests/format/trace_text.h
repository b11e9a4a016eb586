// Writes the readable twin of a trace: everything that a reader returns, one line a record, in a fixed order.
#pragma once

#include <string>

#include "tests/format/trace_fixture.h"

namespace rfan::tests {

std::string trace_text(const Contents& contents);

}  // namespace rfan::tests
