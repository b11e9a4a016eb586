// Defines the interface that a verb implements: a Query gets the selected events of a Scan through its sinks.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "format/model/dictionary.h"
#include "format/model/event_block.h"
#include "replay/query/selection.h"
#include "replay/trace/timeline.h"

namespace rfan::replay {

// A file while it is scanned. The dictionary of a stream grows from block to block.
struct ScanFile {
  const format::Dictionary& dictionary;
  const Timeline& timeline;
  std::string_view name;
  std::size_t index = 0;  // of the member in the set
};

// The selected events of one block, at least one.
struct Batch {
  const ScanFile& file;
  const format::EncodedBlock& encoded;
  const format::BlockStatistics& statistics;
  const format::EventColumns& events;  // Query::columns() are decoded; every id is in the dictionary
  const Selection& selection;
  std::uint64_t block = 0;  // number in its file

  // Calls visit(row) for the selected rows in ascending order.
  template <typename Visit>
  void for_each_row(Visit visit) const {
    if (selection.all) {
      for (std::uint32_t row = 0; row < events.count; ++row) visit(row);
    } else {
      for (const auto row : selection.rows) visit(row);
    }
  }
};

// The result of an ordered query for one block.
struct BlockOutput {
  virtual ~BlockOutput() = default;
};

// Takes the selected events of one file on one thread. Each thread of a scan has its own sink, so that a sink
// needs no lock; Query::combine() adds the sinks of a file up. A sink gets the blocks in ascending order, but
// not all of them. A query that only counts may give out CountingSinks (counting_sink.h), which need not see
// every row.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual void add(const Batch& batch) = 0;
  // Returns the result of the last block and forgets it; null if there is none. Called for ordered queries
  // only, once after each block.
  virtual std::unique_ptr<BlockOutput> output() { return nullptr; }
};

// The names of the dictionary that a query reads. The less it reads, the less of the dictionary is loaded.
enum class NameUse : std::uint8_t {
  kNone,
  kReferenced,                  // those that selected events refer to, without command lines
  kReferencedWithCommandLines,  // the same with the command lines of processes
  kAllWithoutCommandLines,      // any entry; command lines are the larger part of the dictionary
  kAll
};

// A question about the events of a scan, implemented by each verb. The scan calls begin() for each file, then
// make_sink() for each of its threads, then add() of the sinks, and combine() for each sink at the end of the
// file. All calls but those of a sink come from the thread that runs the scan. A query that needs the order
// of the trace is ordered(): consume() then gets the output of each block in that order. Rejected: one sink
// for all threads behind a lock, because counting would then wait for the lock at every block.
class Query {
 public:
  virtual ~Query() = default;
  // Returns the projection: the columns that the sinks read.
  virtual format::ColumnSet columns() const = 0;
  // Processes are loaded only if columns() or the filter has kColumnProcess, whatever this returns.
  virtual NameUse name_use() const { return NameUse::kAll; }
  virtual bool ordered() const { return false; }
  virtual void begin(const ScanFile&) {}
  virtual std::unique_ptr<Sink> make_sink(const ScanFile& file) = 0;
  // Takes the sinks of a file in no particular order. Not called once the query is done().
  virtual void combine(const ScanFile&, Sink&) {}
  virtual void consume(const ScanFile&, BlockOutput&) {}
  // Shows what was consumed so far. Called after each block of a stream, since streams may pause.
  virtual void flush() {}
  // Returns true if the scan may end because the query knows enough.
  virtual bool done() const { return false; }
};

}  // namespace rfan::replay
