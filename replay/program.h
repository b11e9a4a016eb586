// rfanreplay as a function: from the arguments to the exit status.
#pragma once

#include <string>
#include <vector>

#include "replay/trace/notes.h"
#include "replay/verb/exit_status.h"

namespace rfan::replay {

// Where a run prints to.
struct Streams {
  int out_fd = 1;
  // Notes and errors, a line each without "rfanreplay: ". Empty: standard error.
  NoteSink diagnostics{};
};

// Returns the exit status. `arguments`: without the program name.
int run_program(std::vector<std::string> arguments, const Streams& streams);

}  // namespace rfan::replay
