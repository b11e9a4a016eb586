// What a recording needs from the system: capabilities, descriptors.
#pragma once

#include <cstdint>

#include "format/error.h"

namespace rfan::recorder {

// An error that names the missing capability and both ways to grant it, when this process may not record.
Status check_privileges();

// Raises the limit of open files to the hard one and returns it.
Result<std::int64_t> raise_descriptor_limit();

}  // namespace rfan::recorder
