// The first act of a crashing recorder: it releases every opener.
#pragma once

#include <array>
#include <csignal>

namespace rfan::recorder {

// The signals of a crash.
inline constexpr std::array<int, 7> kFatalSignals{SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGSYS, SIGTRAP};

// Makes kFatalSignals close `group_fd` before they end the process in the usual way. Without this the openers
// wait until the kernel has torn down the memory of the process, because it closes descriptors only after
// that. One group per process. Call it with -1 before closing the descriptor.
void close_on_fatal_signal(int group_fd);

}  // namespace rfan::recorder
