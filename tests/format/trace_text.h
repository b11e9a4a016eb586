// The readable twin of a trace: everything a reader gives, one line a record, in an order that does not
// change.
#pragma once

#include <string>

#include "tests/format/trace_fixture.h"

namespace rfan::tests {

std::string trace_text(const Contents& contents);

}  // namespace rfan::tests
