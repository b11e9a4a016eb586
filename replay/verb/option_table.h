// The options of a command line as data: what parses them, prints --help and is held against the man page.
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

// One option, and where its value goes. A vector takes one value each time the option is given.
struct OptionSpec {
  using Target = std::variant<bool*, std::string*, std::optional<std::uint64_t>*, std::vector<std::string>*>;
  std::string names;    // "-F,--fields"
  std::string metavar;  // "FIELD,..."; empty for a flag
  std::string help;     // wrapped when it is printed
  Target target;
};

// Options under a heading.
struct OptionGroup {
  std::string heading;
  std::vector<OptionSpec> options;
};

// Parses what is not an option into `words`. An Error is a usage error. The only place that sees CLI11's
// exceptions.
Status parse_words(std::span<const OptionGroup> groups, std::vector<std::string> arguments,
                   std::vector<std::string>& words);

// The groups as --help shows them, at most kHelpWidth columns wide.
inline constexpr std::size_t kHelpWidth = 100;
std::string option_help(std::span<const OptionGroup> groups);

}  // namespace rfan::replay
