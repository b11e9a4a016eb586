// What makes a process the same in two runs: its program, its place in the process tree, its command line.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "format/trace/trace_reader.h"
#include "replay/diff/names/name_folding.h"

namespace rfan::replay {

struct Program {
  std::string exe;     // folded; the comm where it is unknown
  std::string script;  // what an interpreter runs, else empty

  std::string label() const;  // "python3 build.py": base name of the executable, and the script
  std::string name() const { return script.empty() ? exe : exe + " " + script; }
  bool operator==(const Program&) const = default;
};

// Never the pid. Processes of equal shape are one actor; how many there were is counted.
struct ProcessShape {
  // From the outermost ancestor in the trace to the process itself; a fork or an exec of the same program
  // adds nothing.
  std::vector<Program> chain;
  std::vector<std::string> options;  // names of the options, sorted, without their values

  const Program& program() const { return chain.back(); }
  bool operator==(const ProcessShape&) const = default;
};

// How alike two command lines are: options in common over options in either; 1 when neither has any.
double option_similarity(const ProcessShape& a, const ProcessShape& b);

// Gives the processes of one trace their actors, as its dictionary grows. One thread. Memory: one number a
// process, and the distinct shapes.
class ShapeTable {
 public:
  ShapeTable(const format::Dictionary& dictionary, const NameFolding& folding);

  // Takes in the entries the dictionary got since the last call.
  void extend();

  // Index into shapes(). Precondition: extend() saw `process`.
  std::uint32_t shape_of(format::ProcessId process) const { return shape_of_[process]; }
  const std::vector<ProcessShape>& shapes() const { return shapes_; }
  const FoldCounts& fold_counts() const { return counts_; }

 private:
  std::uint32_t add(format::ProcessId process);
  Program program(const format::ProcessEntry& process, std::span<const std::string_view> arguments);

  const format::Dictionary& dictionary_;
  const NameFolding& folding_;
  FoldCounts counts_;
  std::vector<ProcessShape> shapes_;
  std::vector<std::uint32_t> shape_of_;  // by ProcessId
  absl::flat_hash_map<std::string, std::uint32_t> ids_;
};

}  // namespace rfan::replay
