// What a crash of the recorder does first: let every opener go.
#pragma once

namespace rfan::recorder {

// From now on SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT and SIGSYS close `group_fd` before they end the
// process as they would have. Without this the openers wait until the memory of the process is torn down,
// since the kernel closes descriptors after that. One group per process; -1 takes it back, before the
// descriptor is closed.
void close_on_fatal_signal(int group_fd);

}  // namespace rfan::recorder
