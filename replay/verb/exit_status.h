// The exit statuses of rfanreplay.
#pragma once

namespace rfan::replay {

inline constexpr int kExitClean = 0;
inline constexpr int kExitError = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitPartial = 3;  // printed, but something is missing from the traces

}  // namespace rfan::replay
