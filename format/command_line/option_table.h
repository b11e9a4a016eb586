// The options of a command line as data. They are parsed from it, --help and the completions are made from
// it, and tests compare the man pages with it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "format/base/error.h"

namespace rfan::command_line {

// The values that a shell offers for an option or an argument.
struct Values {
  enum class Kind : std::uint8_t {
    kAny,  // offers nothing
    kWord,
    kWords,  // several, separated by commas
    kFile,
    kTrace,  // a file that ends in .fbz, or a directory
    kUser,
    kProcess,  // a pid
  };
  Kind kind = Kind::kAny;
  std::string words{};  // of kWord and kWords, separated by spaces
};

struct Range {
  std::uint64_t least = 0;
  std::uint64_t most = UINT64_MAX;
};

// One option and the target of its value. A vector takes one value each time the option is given.
struct OptionSpec {
  using Target = std::variant<bool*, std::string*, std::optional<std::string>*, std::optional<std::uint64_t>*,
                              std::vector<std::string>*>;
  std::string names;    // "-F,--fields"
  std::string metavar;  // "FIELD,..."; empty for a flag
  std::string help;     // wrapped on printing; a string's default is added to it
  Target target;
  Values values{};
  Range range{};  // of a number
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

// Returns the name of each option: "-F" and "--fields" of "-F,--fields".
std::vector<std::string> names_of(const OptionSpec& option);

}  // namespace rfan::command_line
