// The command line of rfanrec.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "format/error.h"

namespace rfan::recorder {

struct Options {
  std::vector<std::string> words;    // the command line as given, program name first
  std::string output = "trace.fbz";  // "-": standard output
  std::vector<std::string> paths;    // record the filesystems these lie on
  std::vector<std::string> command;  // run and record this, with its descendants; empty: none
  std::optional<std::chrono::milliseconds> duration;
  int cpu = -1;        // where the reader thread runs; -1: the last allowed CPU
  bool quiet = false;  // no status line, no summary
};

// What parse_options() found: something to do, or text to print and an exit status.
struct ParsedOptions {
  std::optional<Options> options;
  std::string text;
  int exit_status = 0;  // 0 for --help and --version, 2 for a wrong command line
};

ParsedOptions parse_options(int argc, const char* const* argv);

// "10s", "500ms", "5m", "1h", "1.5s"; a bare number is seconds.
Result<std::chrono::milliseconds> parse_duration(const std::string& text);

}  // namespace rfan::recorder
