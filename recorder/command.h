// The recorded command: a child process that starts when everything is ready.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "format/base/error.h"
#include "format/base/unique_fd.h"
#include "recorder/system/inherited_signals.h"

namespace rfan::recorder {

// The child exists from spawn() on, but runs nothing before release(). So it is forked before there is a
// fanotify group: a child with a copy of the group would keep openers blocked when we die. For the main
// thread.
class Command {
 public:
  // Forks the child. The command gets `signals` as they were. `adopt_orphans`: orphans of the command become
  // children of this process, for the rest of its life (PR_SET_CHILD_SUBREAPER), so that
  // has_left_descendants() can find them.
  static Result<Command> spawn(const std::vector<std::string>& argv, const InheritedSignals& signals,
                               bool adopt_orphans);
  Command(Command&&) = default;
  Command& operator=(Command&&) = default;

  pid_t pid() const { return pid_; }
  // Readable when the command has ended.
  int pidfd() const { return pidfd_.get(); }

  // Lets the child run the program; fails with the reason if it cannot. The exec waits for a response like
  // any other, so the reader thread must be running.
  Status release();

  // Sends a signal, unless exit_status() has returned a status.
  void signal(int number) const;

  // Returns the exit status as a shell shows it (128 + N for a death by signal N), or nothing before the end.
  // Does not block.
  std::optional<int> exit_status();

  // Returns whether it was stopped (Ctrl-Z) since the last call. Does not block.
  bool was_stopped() const;

  // Returns whether an adopted orphan still runs. Call it after the end of the command. Does not block.
  bool has_left_descendants() const;

 private:
  Command() = default;
  pid_t pid_ = -1;
  UniqueFd pidfd_;
  UniqueFd go_;       // one byte, or end of file if we died
  UniqueFd failure_;  // errno of a failed exec; a successful one closes it (close-on-exec)
  std::string name_;
  std::optional<int> status_;
  std::vector<pid_t> older_children_;  // children of this process from before the command
};

// Fails if execvp(3) would find no such program. Call it before anything is changed.
Status find_program(const std::string& name);

}  // namespace rfan::recorder
