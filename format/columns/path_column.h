// The paths of a block as bytes: encoder, decoder, and a way to look at them without a value for each event.
// As in column_codec.h, decoding is bounds-checked. Private to format/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "format/columns/column_codec.h"

namespace rfan::format {

// kSparseByProcess: predicted is the path of the event before of the same process. A path that was not
// predicted is stored as 0 when it is `next_new`, one above the largest path id so far in the file, else as
// its distance to the predicted one; a byte each, 255 and more go on behind.
void encode_sparse_by_process(std::span<const std::uint32_t> processes, std::span<const std::uint32_t> paths,
                              std::uint32_t& next_new, EncodedColumn& out);

// The way back, stretch by stretch of events that have the same process and path. Who only counts or marks
// them writes and reads 8 bytes an event less than who decodes both columns.
class PathStretches {
 public:
  // From a process column (kRuns) and the path column. False unless both hold what they should. Reuse one
  // instance; the columns must outlive what is asked of it.
  bool open(const ColumnInput& processes, const ColumnInput& paths, std::size_t count);
  // From the processes of all events, whatever their encoding was.
  bool open(std::span<const std::uint32_t> processes, const ColumnInput& paths);

  // The processes that the stretches belong to; after the first open(), and whether or not one is first.
  std::span<const std::uint32_t> processes() const { return processes_; }

  // Adds to counts[id] the events of path id. An id behind the end of `counts` counts as 0: then false.
  bool count(std::span<std::uint32_t> counts) const;
  // Writes marks[id] for each event. The same of ids behind the end of `marks`. `out` is kMarkSlack longer
  // than the block; what stands there is lost.
  bool mark(std::span<const std::uint8_t> marks, std::span<std::uint8_t> out) const;
  static constexpr std::size_t kMarkSlack = 8;
  // Writes the path of each event, whatever it is.
  void decode(std::span<std::uint32_t> out) const;

 private:
  class UsualPaths;
  bool open_paths(const ColumnInput& paths, std::size_t count);
  void find_runs(std::span<const std::uint32_t> processes);
  void find_distances(std::size_t count);
  template <typename Visit>
  bool walk(std::size_t limit, Visit visit) const;

  std::uint32_t count_ = 0;
  std::span<const std::byte> process_bitmap_;  // where the process is not that of the event before
  std::vector<std::byte> own_bitmap_;          // of find_runs()
  std::span<const std::byte> path_bitmap_;     // where the path is not the predicted one
  ExplicitValues processes_;                   // of each bit of the one; the first stands before them
  const std::uint8_t* steps_ = nullptr;        // of each bit of the other, escaped
  ExplicitValues large_steps_;
  ExplicitValues distances_;  // what the steps add to the predicted path; 0 before the first
  std::uint32_t next_new_ = 0;
};

}  // namespace rfan::format
