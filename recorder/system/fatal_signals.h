// What a crash of the recorder does first: let every opener go.
#pragma once

#include <array>
#include <csignal>

namespace rfan::recorder {

// A crash.
inline constexpr std::array<int, 7> kFatalSignals{SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGSYS, SIGTRAP};

// From now on kFatalSignals close `group_fd` before they end the
// process as they would have. Without this the openers wait until the memory of the process is torn down,
// since the kernel closes descriptors after that. One group per process; -1 takes it back, before the
// descriptor is closed.
void close_on_fatal_signal(int group_fd);

}  // namespace rfan::recorder
