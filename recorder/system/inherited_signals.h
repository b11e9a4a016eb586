// The signal settings that rfanrec inherits from its starter, and protection from signals that would end it
// by accident.
#pragma once

#include <csignal>

namespace rfan::recorder {

// Created first in main(). From then on each signal does what the table in rfanrec(1) says. take_over()
// blocks all signals except kFatalSignals and UserSignals::kEnding. Signals of kEnding end the program until
// UserSignals receives them; up to then there is no file that could be left over. Signals are blocked, not
// ignored, because a command would inherit ignored ones (execve(2)). With SIGPIPE, SIGXFSZ or SIGTTOU
// blocked, the system call still reports the error.
class InheritedSignals {
 public:
  // Call it while there is only one thread; later threads inherit the mask.
  static InheritedSignals take_over();

  // Returns whether the starter ignores this signal (nohup(1), a background job of sh(1)). It stays ignored.
  static bool ignores(int number);

  // Restores the inherited settings in a forked child, before its exec. Async-signal-safe.
  void restore() const;

 private:
  sigset_t mask_{};
  bool ignores_children_ = false;
};

// Blocks every signal that can be blocked, in this thread and in processes it forks. A fault still ends the
// process. For a process that only SIGKILL may end. Returns the mask from before.
sigset_t block_all_signals();

}  // namespace rfan::recorder
