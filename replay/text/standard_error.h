// Writes diagnostics to standard error.
#pragma once

#include <string_view>

namespace rfan::replay {

// Writes all of `text`. Ignores failures (a full device, a closed descriptor): an answer must not fail
// because a diagnostic cannot be shown.
void write_to_standard_error(std::string_view text);

}  // namespace rfan::replay
