// What rfanreplay says on standard error.
#pragma once

#include <string_view>

namespace rfan::replay {

// Writes all of `text`. What cannot be written (a full device, a closed descriptor) is dropped: no answer may
// fail because nobody can be told about it.
void write_to_standard_error(std::string_view text);

}  // namespace rfan::replay
