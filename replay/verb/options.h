// What every verb takes from the command line.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "format/base/limits.h"
#include "replay/query/condition.h"
#include "replay/query/filter_parser.h"
#include "replay/trace/time_format.h"
#include "replay/verb/option_table.h"

namespace rfan::replay {

enum class OutputFormat : std::uint8_t { kText, kJson, kCsv };

struct Options {
  std::vector<std::string> traces;      // "-": standard input
  std::vector<std::string> new_traces;  // of verbs with two sides: those behind "--"
  ConditionPtr filter;                  // null: everything
  std::vector<std::string> notes;       // on what was typed: a line each
  std::string wrote;                    // --wrote and --slowest look at the traces first, see look_ahead.h
  std::string slowest;
  OutputFormat format = OutputFormat::kText;
  bool reltime = false;
  bool utc = false;
  bool show_source = false;
  bool verbose = false;
  bool no_pager = false;
  bool safe_cells = false;  // --safe-cells; without it on a terminal only
  unsigned threads = 1;
  std::uint64_t unfold_limit = format::kUnfoldedPerByte;  // --unfold-limit, see format/base/unfolding.h

  TimeStyle time_style() const {
    return reltime ? TimeStyle::kRelative : utc ? TimeStyle::kUtc : TimeStyle::kLocal;
  }
};

// Which of the common options a verb has; the others are usage errors.
enum OptionGroups : unsigned {
  kTakesFilters = 1U << 0,
  kTakesThreads = 1U << 1,
  kTakesSource = 1U << 2,  // -H
  kTakesReltime = 1U << 3,
  kTakesFormats = 1U << 4,  // text, jsonl and csv; without it text and json
  kTakesAll = (1U << 5) - 1,
  kTakesSides = 1U << 5,  // two groups of traces with "--" between them
  kMakesTrace = 1U << 6,  // prints a line or two about the trace it makes: no formats, no pager
};

// The values of the common options as they were typed.
struct TypedOptions {
  FilterArguments filter;
  std::string wrote, slowest, format = "text";
  std::optional<std::uint64_t> threads, unfold_limit;
  bool reltime = false, utc = false, show_source = false, verbose = false, no_pager = false;
  bool safe_cells = false;
  bool help = false, version = false;
};

// Refers to `typed`.
std::vector<OptionGroup> common_options(TypedOptions& typed, unsigned groups);

// What stands for "--" among the words of a verb with two sides. No file name has a NUL in it.
inline constexpr std::string_view kSideMark{"\0--", 3};

// An Error is a usage error.
Result<Options> interpret(const TypedOptions& typed, unsigned groups, std::vector<std::string> traces);

}  // namespace rfan::replay
