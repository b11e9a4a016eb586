// Encodes the paths of a block as bytes, decodes them, and evaluates them without a value for each event. As
// in column_codec.h, decoding is bounds-checked. Private to format/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "format/columns/column_codec.h"

namespace rfan::format {

// kSparseByProcess predicts the path of the event before of the same process. A path that was not predicted
// is stored as 0 if it is `next_new`, one above the largest path id so far in the file; else as its distance
// to the predicted one. Each value takes a byte; the excess of values of 255 and more follows.
void encode_sparse_by_process(std::span<const std::uint32_t> processes, std::span<const std::uint32_t> paths,
                              std::uint32_t& next_new, EncodedColumn& out);

// Decodes the column as stretches: runs of events with the same process and path. A caller that only counts
// or marks the events of a stretch writes and reads 8 bytes an event less than one that decodes both columns.
class PathStretches {
 public:
  // Opens a process column (kRuns) and the path column. Returns false unless both contain what they should.
  // Reuse one instance. The columns must stay valid while it is used.
  bool open(const ColumnInput& processes, const ColumnInput& paths, std::size_t count);
  // Opens the path column with the processes of all events, whatever their encoding was.
  bool open(std::span<const std::uint32_t> processes, const ColumnInput& paths);

  // Returns the processes of the stretches. Valid only after the first overload of open(). The first element
  // is there even if no event has that process.
  std::span<const std::uint32_t> processes() const { return processes_; }

  // Adds the number of events of each path to counts[id]. An id beyond the end of `counts` counts as 0; if
  // there is one, it returns false.
  bool count(std::span<std::uint32_t> counts) const;
  // Writes marks[id] for each event. Treats ids beyond the end of `marks` as count() does. `out` must be
  // kMarkSlack longer than the block; the contents of that slack are lost.
  bool mark(std::span<const std::uint8_t> marks, std::span<std::uint8_t> out) const;
  static constexpr std::size_t kMarkSlack = 8;
  // Writes the path of each event, whatever its id is.
  void decode(std::span<std::uint32_t> out) const;

 private:
  class UsualPaths;
  bool open_paths(const ColumnInput& paths, std::size_t count);
  void find_runs(std::span<const std::uint32_t> processes);
  void find_distances(std::size_t count);
  template <typename Visit>
  bool walk(std::size_t limit, Visit visit) const;

  std::uint32_t count_ = 0;
  std::span<const std::byte> process_bitmap_;  // set where the process is not that of the event before
  std::vector<std::byte> own_bitmap_;          // of find_runs()
  std::span<const std::byte> path_bitmap_;     // set where the path is not the predicted one
  ExplicitValues processes_;                   // of each bit of process_bitmap_; the first stands before them
  const std::uint8_t* steps_ = nullptr;        // of each bit of path_bitmap_, escaped
  ExplicitValues large_steps_;
  ExplicitValues distances_;  // added to the predicted path by each step; 0 before the first
  std::uint32_t next_new_ = 0;
};

}  // namespace rfan::format
