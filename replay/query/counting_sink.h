// Defines a sink that can count the events of a block without their rows, for `report`.
#pragma once

#include <cstdint>
#include <span>

#include "replay/query/query.h"

namespace rfan::replay {

// The number of events that a process has in a block.
struct ProcessCount {
  format::ProcessId process;
  std::uint32_t events;
};

// The selected events of one block as a mask instead of a list of rows.
struct MaskedBatch {
  const format::BlockStatistics& statistics;
  const format::EventColumns& events;  // as in a Batch
  std::span<const std::uint8_t> mask;  // 1 for each selected event, 0 for the others
  std::uint64_t count;                 // of selected events
};

// A sink with cheaper ways to count a block. The scan tries those that apply, in the order of this class; the
// sink declines with false or an empty span; add() comes last. Thread and file are those of a Sink.
// bench/query_speed has a query for each way.
class CountingSink : public Sink {
 public:
  // Counts a block of which every event is selected by its statistics. No column is decoded.
  virtual bool count_block(const format::BlockStatistics& statistics) = 0;
  // Counts a block of which all events of these processes are selected, and no others. No column is decoded.
  // Every id is in the dictionary.
  virtual bool count_processes(std::span<const ProcessCount> counts) = 0;
  // Returns one counter for each path id, 0 included, to which the decoder adds the `events` of a block. Used
  // if every event is selected and the paths are the only column.
  virtual std::span<std::uint32_t> path_counters(std::uint64_t events) = 0;
  // Counts a block of which some events are selected. Rows are not listed.
  virtual bool count_masked(const MaskedBatch& batch) = 0;
};

}  // namespace rfan::replay
