// The command line of rfanreplay.
#pragma once

#include <string>
#include <vector>

#include "format/error.h"
#include "replay/filter.h"
#include "replay/time_format.h"

namespace rfan::replay {

enum class Verb : std::uint8_t { kCat, kInfo, kHelp, kVersion };
enum class OutputFormat : std::uint8_t { kText, kJson };

struct Options {
  Verb verb = Verb::kCat;
  std::string trace;  // "-": standard input
  FilterSpec filter;
  OutputFormat format = OutputFormat::kText;
  bool reltime = false;
  bool utc = false;

  TimeStyle time_style() const {
    return reltime ? TimeStyle::kRelative : utc ? TimeStyle::kUtc : TimeStyle::kLocal;
  }
};

// `arguments` without the program name. An Error is a usage error.
Result<Options> parse_options(std::vector<std::string> arguments);

// What --help prints.
std::string_view help_text();

}  // namespace rfan::replay
