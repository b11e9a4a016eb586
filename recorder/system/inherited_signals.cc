#include "recorder/system/inherited_signals.h"

#include "recorder/system/fatal_signals.h"
#include "recorder/system/user_signals.h"

namespace rfan::recorder {

InheritedSignals InheritedSignals::take_over() {
  InheritedSignals inherited;
  sigset_t blocked;
  ::sigfillset(&blocked);
  for (const int number : UserSignals::kEnding) ::sigdelset(&blocked, number);
  for (const int number : kFatalSignals) ::sigdelset(&blocked, number);
  ::sigprocmask(SIG_SETMASK, &blocked, &inherited.mask_);
  // While SIGCHLD is ignored, children leave no exit status (wait(2)).
  inherited.ignores_children_ = ::signal(SIGCHLD, SIG_DFL) == SIG_IGN;
  return inherited;
}

bool InheritedSignals::ignores(int number) {
  struct sigaction action {};
  return ::sigaction(number, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

void InheritedSignals::restore() const {
  if (ignores_children_) ::signal(SIGCHLD, SIG_IGN);
  ::sigprocmask(SIG_SETMASK, &mask_, nullptr);
}

sigset_t block_all_signals() {
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  return before;
}

}  // namespace rfan::recorder
