// What a recording needs from the system: capabilities, descriptors.
#pragma once

#include <chrono>
#include <cstdint>

#include "format/base/error.h"

namespace rfan::recorder {

// An error that names the missing capability and both ways to grant it, when this process may not record.
Status check_privileges();

// An error where the program lends its privileges to a user who has none (file capabilities, set-user-ID),
// and he asks for what only an administrator may do to others: to refuse their opens, to let them wait for
// long. Whoever starts it as root, or a service manager that gives it ambient capabilities, may.
Status check_lent_privileges(bool denies, std::chrono::milliseconds max_stall);

// Raises the limit of open files to the hard one and returns it.
Result<std::int64_t> raise_descriptor_limit();

}  // namespace rfan::recorder
