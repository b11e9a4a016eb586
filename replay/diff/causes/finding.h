// What a comparison reports: one line for each cause.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace rfan::replay {

// Expected share of false findings among what is reported.
inline constexpr double kFalseDiscoveryRate = 0.05;

enum class Change : std::uint8_t {
  kNew,
  kGone,
  kMore,
  kLess,
  kMoved,
  kProgram,
  kProcesses,
  kSlower,
  kFaster
};
std::string_view change_name(Change change);

// One line. `base` and `fresh` are means over the runs of a side: of events; of processes (kProcesses); of
// nanoseconds (kSlower, kFaster).
struct Finding {
  Change change = Change::kNew;
  std::string what;     // a path, a directory with "/**", or a program
  std::string instead;  // kProgram: the program it replaced; kMoved: the directory in the base runs
  std::string by;       // the programs that did it, the one with most of it first
  std::size_t files = 1;
  double base = 0;
  double fresh = 0;
  double events = 0;   // by how many events a run differs because of it
  double share = 0;    // the difference as a part of all events, or of all time, of a run
  double p_value = 1;  // the least of what it stands for
  double joint_p = 1;  // least p_(i) / i of the i-th smallest: many small differences support each other
  double q_value = 1;
  bool writes = false;             // what changed is writing, creating, deleting, renaming
  bool doubtful = false;           // a loss in one of the traces could have caused it
  std::string detail;              // one more fact for people
  std::vector<std::string> paths;  // the paths it stands for, those that differ most first, at most kMaxPaths

  double delta() const { return fresh - base; }
  bool significant() const { return q_value <= kFalseDiscoveryRate; }
  static constexpr std::size_t kMaxPaths = 20;
};

}  // namespace rfan::replay
