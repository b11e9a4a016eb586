// The options of a command line as data: they are parsed from it, --help prints it, and a test compares the
// man page with it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "format/base/error.h"

namespace rfan::replay {

// One option and the target of its value. A vector takes one value each time the option is given.
struct OptionSpec {
  using Target = std::variant<bool*, std::string*, std::optional<std::uint64_t>*, std::vector<std::string>*>;
  std::string names;    // "-F,--fields"
  std::string metavar;  // "FIELD,..."; empty for a flag
  std::string help;     // wrapped on printing
  Target target;
};

// Options under one heading.
struct OptionGroup {
  std::string heading;
  std::vector<OptionSpec> options;
};

// Parses the options into their targets and puts all other arguments into `words`. Fails on a usage error.
// The only place that handles CLI11's exceptions.
Status parse_words(std::span<const OptionGroup> groups, std::vector<std::string> arguments,
                   std::vector<std::string>& words);

// Returns the groups as --help shows them, at most kHelpWidth columns wide.
inline constexpr std::size_t kHelpWidth = 100;
std::string option_help(std::span<const OptionGroup> groups);

}  // namespace rfan::replay
