// Runs rfanreplay as a function, for main() and for tests.
#pragma once

#include <string>
#include <vector>

#include "replay/trace/notes.h"
#include "replay/verb/exit_status.h"

namespace rfan::replay {

// The output channels of a run.
struct Streams {
  int out_fd = 1;
  // Gets notes and errors, one line each, without "rfanreplay: ". If empty, they go to standard error.
  NoteSink diagnostics{};
};

// Runs rfanreplay with `arguments`, which do not contain the program name, and returns the exit status.
int run_program(std::vector<std::string> arguments, const Streams& streams);

}  // namespace rfan::replay
