// Users by name or number.
#pragma once

#include <cstdint>
#include <string_view>

#include "format/base/error.h"

namespace rfan {

// Reads the name of a user of this machine, or a number. A number is a uid even if a user has it as a name,
// which useradd(8) refuses. Not reentrant: only for the one thread that parses options. The error names the
// accepted forms.
Result<std::uint32_t> parse_user(std::string_view text);

}  // namespace rfan
