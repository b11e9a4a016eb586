// Messages of rfanrec on standard error.
#pragma once

#include <string>

namespace rfan::recorder {

// Prints one line and escapes bytes that could harm a terminal. Waits for the reader of standard error: call
// it only before the first mark and after the last.
void say(const std::string& text);

// Prints `text` on standard output. On failure says why and returns false.
bool print(const std::string& text);

// Like say(), but for use during a recording: drops the line if standard error would block.
void say_unless_blocked(const std::string& text);

// Writes `text` unescaped, or drops it if standard error would block (a full pipe, or a terminal stopped by
// Ctrl-S).
void write_unless_blocked(const std::string& text);

}  // namespace rfan::recorder
