// What rfanrec says on standard error.
#pragma once

#include <string>

namespace rfan::recorder {

// One line; what a terminal must not get is escaped. Waits for whoever reads standard error: before the first
// mark, and after the last, only.
void say(const std::string& text);

// Prints `text` on standard output. Says why, and returns false, if it cannot be written.
bool print(const std::string& text);

// Likewise while a recording runs: left out when standard error would block.
void say_unless_blocked(const std::string& text);

// `text` as it is. A full pipe, or a terminal that was stopped (Ctrl-S), takes nothing.
void write_unless_blocked(const std::string& text);

}  // namespace rfan::recorder
