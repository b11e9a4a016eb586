// The result of a comparison: one finding for each cause.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "replay/diff/names/process_shape.h"

namespace rfan::replay {

// The expected share of false findings among the reported ones.
inline constexpr double kFalseDiscoveryRate = 0.05;

enum class Change : std::uint8_t { kNew, kGone, kMore, kLess, kMoved, kProgram, kRuns, kSlower, kFaster };
std::string_view change_name(Change change);

// Says how sure a finding is. With several runs a side, noise explains a weak one. With one run a side,
// chance gives at most one such line in ten comparisons (kClear), in one (kLikely), or more.
enum class Tag : std::uint8_t { kClear, kLikely, kWeak };
std::string_view tag_name(Tag tag);
std::optional<Tag> parse_tag(std::string_view name);

// One line of the report. `base` and `fresh` are means over the runs of a side: of events; of executions of
// the program (kRuns); of nanoseconds (kSlower, kFaster).
struct Finding {
  Change change = Change::kNew;
  std::string what;     // a path, a directory with "/**", or a program
  Program program{};    // if `what` is one
  std::string instead;  // kProgram: the program it replaced; kMoved: the directory in the base runs
  std::string by;       // the programs that did it, by size of their part
  std::size_t files = 1;
  std::size_t directories = 1;  // that hold the files
  double base = 0;
  double fresh = 0;
  double events = 0;      // the events by which a run differs because of it
  double all_events = 0;  // of both sides together: mean events of a run on each, added
  double share = 0;       // the difference as a part of all events, or of all time, of a run
  double joint_p = 1;     // least p_(i) / i, i-th smallest p: many small differences support each other
  Tag tag = Tag::kClear;
  bool writes = false;             // the change concerns writing, creating, deleting or renaming
  bool choice = false;             // kMoved: to another name of the same directory, as a random choice would
  bool doubtful = false;           // a loss in one of the traces could have caused it
  std::string detail;              // one more fact for people
  std::vector<std::string> paths;  // its paths, the largest differences first, at most kMaxPaths

  double delta() const { return fresh - base; }
  // Returns true for a name, program or directory that one side does not have, or has elsewhere; false for a
  // change of how often or how long.
  bool is_fact() const;
  bool is_time() const { return change == Change::kSlower || change == Change::kFaster; }
  static constexpr std::size_t kMaxPaths = 20;
};

}  // namespace rfan::replay
