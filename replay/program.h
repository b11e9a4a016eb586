// rfanreplay as a function: from the arguments to the exit status.
#pragma once

#include <string>
#include <vector>

#include "replay/notes.h"

namespace rfan::replay {

inline constexpr int kExitClean = 0;
inline constexpr int kExitError = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitPartial = 3;

// Where a run prints to.
struct Streams {
  int out_fd = 1;
  // Notes and errors, a line each without "rfanreplay: ". Empty: standard error.
  NoteSink diagnostics{};
};

// `arguments` without the program name.
int run_program(std::vector<std::string> arguments, const Streams& streams);

// What `rfanreplay --help` and `rfanreplay VERB --help` print; an empty name is the program.
std::string help_text(std::string_view verb);

}  // namespace rfan::replay
