// Capabilities and descriptors that a recording needs from the system.
#pragma once

#include <chrono>
#include <cstdint>

#include "format/base/error.h"

namespace rfan::recorder {

// Fails if this process may not record. The error names the missing capability and both ways to grant it.
Status check_privileges();

// Fails if the program lends its privileges to an unprivileged user (file capabilities, set-user-ID) and that
// user asks for an administrator's power over others: to deny their opens or to hold them for long. Root may
// do both, and so may a service that gets ambient capabilities.
Status check_lent_privileges(bool denies, std::chrono::milliseconds max_stall);

// Raises the soft limit of open files to the hard limit and returns it.
Result<std::int64_t> raise_descriptor_limit();

}  // namespace rfan::recorder
