// The engine under all verbs: from a set of traces to the events that a filter wants, block by block.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "format/trace/trace_file.h"
#include "replay/query/filter.h"
#include "replay/text/progress.h"
#include "replay/trace/notes.h"
#include "replay/trace/timeline.h"
#include "replay/trace/trace_set.h"

namespace rfan::replay {

// A file while it is scanned. The dictionary of a stream grows from block to block.
struct ScanFile {
  const format::Dictionary& dictionary;
  const Timeline& timeline;
  std::string_view name;
  std::size_t index = 0;  // of the member in the set
};

// The events of one block that the filter wants, at least one.
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

// How many events a process has in a block.
struct ProcessCount {
  format::ProcessId process;
  std::uint32_t events;
};

// The events of one block that the filter wants, not listed yet.
struct Marked {
  const format::BlockStatistics& statistics;
  const format::EventColumns& events;  // as in a Batch
  std::span<const std::uint8_t> marks;
  std::uint64_t count;  // of ones
};

// What an ordered query makes of one block.
struct Product {
  virtual ~Product() = default;
};

// The work of one thread on one file.
class Part {
 public:
  virtual ~Part() = default;
  virtual void add(const Batch& batch) = 0;
  // Instead of add(), for a block of which every event is wanted: true when the statistics said enough, and
  // no column need be decoded.
  virtual bool add_statistics(const format::BlockStatistics&) { return false; }
  // The same for a block of which the events of these processes are wanted, all of them and no others. Every
  // id is in the dictionary.
  virtual bool add_process_counts(std::span<const ProcessCount>) { return false; }
  // The same for a block of which every event is wanted, and of which columns() are the paths and no more:
  // where to count the `events` of the block by path id, 0 included; empty when they are not counted.
  virtual std::span<std::uint32_t> path_counters(std::uint64_t) { return {}; }
  // Instead of add(), for who needs no rows: `marks` are 1 for each event that is wanted and 0 for the
  // others. True when they were taken.
  virtual bool add_marked(const Marked&) { return false; }
  // For ordered queries, after each add(): what was made of the block.
  virtual std::unique_ptr<Product> product() { return nullptr; }
};

// What a verb wants to know. All calls but those of a Part come from the thread that runs the scan.
class Query {
 public:
  virtual ~Query() = default;
  virtual format::ColumnSet columns() const = 0;
  // False: the dictionary may come without the command lines of processes, its larger part. It comes without
  // processes where neither columns() nor the filter has kColumnProcess.
  virtual bool shows_command_lines() const { return true; }
  // True: of the dictionary nothing is looked at but entries that events name, so that it is read as far as
  // they do.
  virtual bool looks_names_up() const { return false; }
  // True: take_product() gets the product of each block, in the order of the trace.
  virtual bool ordered() const { return false; }
  // Before the parts of a file are made.
  virtual void begin(const ScanFile&) {}
  virtual std::unique_ptr<Part> make_part(const ScanFile& file) = 0;
  // Each part when its file is done, in no order.
  virtual void take(const ScanFile&, Part&) {}
  virtual void take_product(const ScanFile&, Product&) {}
  // After each block of a stream, which may pause: what was taken should be shown now.
  virtual void flush() {}
  // True: enough is known, the scan may end.
  virtual bool done() const { return false; }
};

struct ScanOptions {
  unsigned threads = 1;
  bool follow = false;                       // wait for more where the last file is being written
  TimeStyle time_style = TimeStyle::kLocal;  // of notes
};

// What `-v` tells. Threads add to it.
struct ScanCounts {
  std::atomic<std::uint64_t> blocks{0};           // in all files that were looked at
  std::atomic<std::uint64_t> outside_time{0};     // not read
  std::atomic<std::uint64_t> excluded{0};         // by their statistics, nothing decoded
  std::atomic<std::uint64_t> from_statistics{0};  // answered without decoding
  std::atomic<std::uint64_t> columns{0};          // decoded
  std::atomic<std::uint64_t> events{0};           // in blocks that were decoded
  std::atomic<std::uint64_t> matched{0};
};

// Whether an answer covers everything that was to be recorded.
enum class Coverage : std::uint8_t { kWhole, kPartial };

// Per file: the filter decides every dictionary entry once; blocks outside its time are not read, blocks that
// their statistics exclude are not decompressed; of the others the columns of the filter are decoded, and
// those of the query only where something matched. `threads` threads take block after block; an ordered
// query's products wait for their turn in a window of two blocks a thread, which bounds the memory. Streams
// are read by one thread, front to back.
class Scan {
 public:
  // Everything must outlive the scan.
  Scan(const TraceSet& set, ConditionPtr condition, const ScanOptions& options, const NoteSink& note,
       Progress& progress)
      : set_(set), condition_(std::move(condition)), options_(options), note_(note), progress_(progress) {}

  // kPartial after damage, a missing footer or a loss that falls into the time of the filter, each with a
  // note. An Error is an input that cannot be read.
  Result<Coverage> run(Query& query);

  const ScanCounts& counts() const { return counts_; }

 private:
  Status scan_file(std::size_t index, Query& query);
  Status scan_stream(std::size_t index, Query& query);
  Status follow_file(std::size_t index, Query& query);
  Status run_stream(std::unique_ptr<format::ByteSource> source, std::string_view name, std::size_t index,
                    std::optional<RecordingStart> start, Query& query);
  void note_losses_and_doubts(std::span<const format::Loss> losses, const Filter& filter,
                              const Timeline& timeline);
  void note_unfinished(std::string_view name);
  void note_unknown(std::uint64_t frames);

  const TraceSet& set_;
  ConditionPtr condition_;
  ScanOptions options_;
  NoteSink note_;
  Progress& progress_;
  ScanCounts counts_;
  bool missing_ = false;
};

// One line about what was read and what was not.
std::string counts_text(const ScanCounts& counts);

}  // namespace rfan::replay
