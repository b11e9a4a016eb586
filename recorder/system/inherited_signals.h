// What rfanrec's starter wants of signals, and none of which ends rfanrec by accident.
#pragma once

#include <csignal>

namespace rfan::recorder {

// Made first thing in main(): from then on each signal does what the table in rfanrec(1) says. All are
// blocked but those of a crash and kEnding: these end the program until UserSignals receives them, which is
// before there is a file that could be left behind. Blocked rather than ignored, since a command would
// inherit that (execve(2)), and a blocked SIGPIPE, SIGXFSZ or SIGTTOU leaves its system call to report the
// error just the same.
class InheritedSignals {
 public:
  // Call while there is one thread; the later ones inherit the mask.
  static InheritedSignals take_over();

  // Whether the starter ignores this signal (nohup(1), a background job of sh(1)). It stays ignored.
  static bool ignores(int number);

  // In a forked child, before its exec: sets the signals as they were. Async-signal-safe.
  void restore() const;

 private:
  sigset_t mask_{};
  bool ignores_children_ = false;
};

// Blocks every signal that can be blocked, in this thread and in what it forks; a fault still ends the
// process. For a process that nobody may end but by SIGKILL. Returns the mask before.
sigset_t block_all_signals();

}  // namespace rfan::recorder
