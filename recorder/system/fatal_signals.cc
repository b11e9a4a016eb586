#include "recorder/system/fatal_signals.h"

#include <unistd.h>

#include <csignal>

namespace rfan::recorder {

namespace {

volatile std::sig_atomic_t g_group_fd = -1;

extern "C" void release_openers(int number) {
  ::close(g_group_fd);
  ::raise(number);  // SA_RESETHAND: this time the default action
}

}  // namespace

void close_on_fatal_signal(int group_fd) {
  g_group_fd = group_fd;
  struct sigaction action {};
  action.sa_handler = &release_openers;
  action.sa_flags = static_cast<int>(SA_RESETHAND | SA_NODEFER);
  for (const int number : kFatalSignals) ::sigaction(number, &action, nullptr);
}

}  // namespace rfan::recorder
