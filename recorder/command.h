// The recorded command: a child process that starts when everything is in place.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "format/base/error.h"
#include "format/base/unique_fd.h"
#include "recorder/system/inherited_signals.h"

namespace rfan::recorder {

// Main thread only. The child exists from spawn() on, so that it is forked before there is a fanotify group
// (a child that holds a copy of the group keeps openers blocked when we die), but runs nothing before
// release().
class Command {
 public:
  // The command finds `signals` as they were. `adopt_orphans`: what the command leaves behind becomes a child
  // of this process, for the rest of its life (PR_SET_CHILD_SUBREAPER), so that has_left_descendants() can
  // tell.
  static Result<Command> spawn(const std::vector<std::string>& argv, const InheritedSignals& signals,
                               bool adopt_orphans);
  Command(Command&&) = default;
  Command& operator=(Command&&) = default;

  pid_t pid() const { return pid_; }
  // Readable when the command has ended.
  int pidfd() const { return pidfd_.get(); }

  // Lets the child run the program; the error says why it could not. Its exec is held like any other: the
  // reader thread must be running.
  Status release();

  // Nothing once exit_status() has told that it ended.
  void signal(int number) const;

  // Exit status as a shell shows it (128 + signal number for a death by signal), once it has ended; does not
  // block.
  std::optional<int> exit_status();

  // Whether it was stopped (Ctrl-Z) since the last call. Does not block.
  bool was_stopped() const;

  // After the end of a command whose orphans were adopted: whether one of them still runs. Does not block.
  bool has_left_descendants() const;

 private:
  Command() = default;
  pid_t pid_ = -1;
  UniqueFd pidfd_;
  UniqueFd go_;       // one byte, or the end when we died
  UniqueFd failure_;  // errno of a failed exec; ends empty at a successful one (close-on-exec)
  std::string name_;
  std::optional<int> status_;
  std::vector<pid_t> older_children_;  // of this process, from before the command
};

// Whether a program of that name could be run, as execvp(3) looks for it: to be asked before anything is
// touched.
Status find_program(const std::string& name);

}  // namespace rfan::recorder
