// Identifies a process across runs by its program, its place in the process tree and its command line.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <cassert>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "format/trace/trace_reader.h"
#include "replay/diff/names/name_folding.h"

namespace rfan::replay {

struct Program {
  std::string exe;     // folded; the comm if unknown
  std::string script;  // the script of an interpreter, else empty

  std::string label() const;  // "python3 build.py": base name of the executable, and the script
  std::string name() const { return script.empty() ? exe : exe + " " + script; }
  bool operator==(const Program&) const = default;
};

// Returns the key of a place in the process tree, from the outermost program inward. The keys of places below
// it begin with it.
std::string place_key(std::span<const Program> chain);

// The shape of a process, without its pid. Processes of equal shape are one actor; their number is counted.
struct ProcessShape {
  // From the outermost ancestor in the trace to the process itself. A fork or an exec of the same program
  // adds nothing.
  std::vector<Program> chain;
  std::vector<std::string> options;  // sorted option names, without values

  const Program& program() const { return chain.back(); }
  bool operator==(const ProcessShape&) const = default;
};

// Returns how similar two command lines are: options in common over options in either; 1 if neither has any.
double option_similarity(const ProcessShape& a, const ProcessShape& b);

// Gives each process of one trace its shape as the dictionary grows. One thread. Memory: one number for each
// process, and the distinct shapes.
class ShapeTable {
 public:
  ShapeTable(const format::Dictionary& dictionary, const NameFolding& folding);

  // Takes in the entries that the dictionary got since the last call.
  void extend();

  // Returns an index into shapes(). Precondition: extend() has seen `process`.
  std::uint32_t shape_of(format::ProcessId process) const {
    assert(process < shape_of_.size());
    return shape_of_[process];
  }
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
