// Evaluates the filter on one block and gives the selected events to a sink.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "format/model/event_block.h"
#include "format/trace/block_decoder.h"
#include "replay/query/counting_sink.h"
#include "replay/query/filter.h"
#include "replay/query/query.h"
#include "replay/query/scan_counts.h"

namespace rfan::replay {

// The objects that all blocks of one file share. They outlive the work on the file.
struct FileContext {
  const ScanFile& file;
  const Filter& filter;
  format::ColumnSet projection;  // Query::columns()
  ScanCounts& counts;
};

// Decodes the columns of one block on demand. All functions return false on damage, which the source has
// reported, and on an error, which the source has kept.
class ColumnSource {
 public:
  virtual ~ColumnSource() = default;
  virtual bool decode(format::ColumnSet columns, format::EventColumns& out) = 0;
  virtual bool count_paths(std::span<std::uint32_t> counts) = 0;
  virtual bool mark_paths(const format::PathMarks& marks, std::vector<std::uint8_t>& out) = 0;
};

// The way of a block from its statistics to Sink::add(), as cheap as the filter and the sink allow: nothing
// is decoded where the statistics decide or suffice, the columns of the filter come before those of the
// projection, and the latter only where an event is selected. One thread owns an instance, for one file, and
// reuses the memory of its columns.
class BlockWork {
 public:
  BlockWork(const FileContext& context, Sink& sink);

  // Works on block `number` of the file. Precondition: Filter::extend() has seen all ids of the block.
  void run(const format::EncodedBlock& block, std::uint64_t number, ColumnSource& source);

 private:
  bool count_from_statistics(const format::BlockStatistics& statistics);
  bool list_processes(const format::BlockStatistics& statistics);
  bool count_paths(std::uint64_t events, ColumnSource& source);
  bool select(const format::BlockStatistics& statistics, ColumnSource& source);
  bool decode_for_filter(const format::BlockStatistics& statistics, ColumnSource& source);
  bool decode(format::ColumnSet columns, format::EventColumns& out, ColumnSource& source);

  const FileContext context_;
  Sink& sink_;
  CountingSink* const counting_;  // the same sink; null if it cannot count
  format::EventColumns events_;
  format::EventColumns rest_;       // columns of the projection that the filter does not need
  format::ColumnSet borrowed_ = 0;  // columns of events_ whose memory belongs to rest_
  Selection selection_;
  std::vector<ProcessCount> process_counts_;
};

}  // namespace rfan::replay
