// The options that verbs have in common.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "format/base/limits.h"
#include "format/command_line/option_table.h"
#include "replay/query/condition.h"
#include "replay/query/filter_parser.h"
#include "replay/trace/time_format.h"

namespace rfan::replay {

using command_line::OptionGroup;
using command_line::Values;

enum class OutputFormat : std::uint8_t { kText, kJson, kCsv, kMarkdown };

struct Options {
  std::vector<std::string> traces;      // "-": standard input
  std::vector<std::string> new_traces;  // for verbs with two sides: those after "--"
  ConditionPtr filter;                  // null: everything
  std::vector<std::string> notes;       // about the arguments, one line each
  std::string wrote;                    // --wrote and --slowest read the traces first, see look_ahead.h
  std::string slowest;
  OutputFormat format = OutputFormat::kText;
  bool reltime = false;
  bool utc = false;
  bool show_source = false;
  bool verbose = false;
  bool no_pager = false;
  bool safe_cells = false;  // --safe-cells; otherwise only on a terminal
  unsigned threads = 1;
  std::uint64_t unfold_limit = format::kUnfoldedPerByte;  // --unfold-limit, see format/base/unfolding.h

  TimeStyle time_style() const {
    return reltime ? TimeStyle::kRelative : utc ? TimeStyle::kUtc : TimeStyle::kLocal;
  }
};

// The groups of common options that a verb may have. Options of other groups are usage errors.
enum OptionGroups : unsigned {
  kTakesFilters = 1U << 0,
  kTakesThreads = 1U << 1,
  kTakesSource = 1U << 2,  // -H
  kTakesReltime = 1U << 3,
  kTakesFormats = 1U << 4,  // text, jsonl and csv; otherwise text and json
  kTakesAll = (1U << 5) - 1,
  kTakesSides = 1U << 5,  // two groups of traces with "--" between them
  kTakesMarkdown = 1U << 7,
  kMakesTrace = 1U << 6,  // prints only a line or two about the new trace: no formats, no pager
};

// The values of the common options as typed.
struct TypedOptions {
  FilterArguments filter;
  std::string wrote, slowest, format = "text";
  std::optional<std::uint64_t> threads, unfold_limit;
  bool reltime = false, utc = false, show_source = false, verbose = false, no_pager = false;
  bool safe_cells = false;
  bool help = false, version = false;
  std::optional<std::string> completion;
};

// Returns the common options of `groups`. Their targets are in `typed`.
std::vector<OptionGroup> common_options(TypedOptions& typed, unsigned groups);

// Returns the options of a command line without a verb, besides those of the default verb.
OptionGroup program_options(TypedOptions& typed);

// Stands for "--" among the words of a verb with two sides. It contains a NUL, so no file name equals it.
inline constexpr std::string_view kSideMark{"\0--", 3};

// Interprets the typed values. Fails on a usage error. Precondition: there is a trace, unless the verb takes
// sides.
Result<Options> interpret(const TypedOptions& typed, unsigned groups, std::vector<std::string> traces);

}  // namespace rfan::replay
