// Writes one trace file: HEADER and META, then CLOCK, DICT, EVENTS, LOSS and MOUNTS frames as they come, an
// INDEX after every 64 blocks, and at the end FOOTER and TRAILER.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "format/base/error.h"
#include "format/model/byte_io.h"
#include "format/model/event.h"
#include "format/model/event_block.h"
#include "format/model/trace_info.h"

namespace rfan::format {

struct TraceWriterOptions {
  Uuid session{};
  Uuid file{};
  std::uint32_t file_sequence = 0;
  int zstd_level = 1;  // of full blocks; small ones and dictionaries take at least kSmallFrameLevel
  std::uint32_t time_unit_ns = 10'000;  // times are stored as multiples of it
  // Makes every flush also wait until its bytes would survive a loss of power (fdatasync(2)).
  bool sync = false;
};

// Small frames are all fixed cost: a higher level costs little and saves a tenth.
inline constexpr int kSmallFrameLevel = 6;

// Returns a new random uuid (version 4), from getrandom(2).
Uuid random_uuid();

// Encodes events, names and losses, and appends them to a sink. One thread (the writer thread) owns it;
// nothing here locks. Memory: the path and process dictionaries, which grow with the number of distinct paths
// and processes, and one block of events. Calls that do I/O return a Status. After a failure the writer
// refuses further I/O with the same error, and everything written before stays readable.
class TraceWriter {
 public:
  // Writes HEADER and META.
  static Result<std::unique_ptr<TraceWriter>> create(std::unique_ptr<ByteSink> sink,
                                                     const TraceWriterOptions& options,
                                                     const TraceMeta& meta);
  ~TraceWriter();
  TraceWriter(const TraceWriter&) = delete;
  TraceWriter& operator=(const TraceWriter&) = delete;

  // Returns the id of `path` (bytes, not empty, at most kMaxPathBytes), and adds the path if it is new.
  // Returns 0 for other paths, and if the dictionary is full.
  PathId intern_path(std::string_view path);

  // Adds a new entry even if there is one like it, for a copy that keeps the ids of another trace. It has the
  // limits of intern_path(). A writer uses either this or intern_path(), not both.
  PathId add_path(std::string_view path);

  // Adds an entry; the caller keeps the id. Entries are immutable. Returns 0 if the dictionary is full.
  ProcessId add_process(const Process& process);

  // Buffers one event. Times must not decrease. Call flush() if `block_full()`.
  void add_event(const Event& event);
  bool block_full() const;

  // Copies a block of another trace unchanged, after the pending events. Preconditions: its ids mean here
  // what they mean there, times do not decrease, and `latencies` is what a reader finds in its reply column.
  Status append_block(const EncodedBlock& block, const LatencyHistogram& latencies);

  // Adds an entry to the ledger; the next flush writes it.
  void add_loss(const Loss& loss);

  // Adds a mount that appeared while recording, with the time; the next flush writes it.
  void add_mount(const MountCoverage& mount);

  // Adds a reading of the clocks between two flushes, right after one was set. The next flush writes it, so
  // that events from then on have the new time of day. Ignored if a flush had a later reading.
  void add_clock(const ClockSample& clock);

  // Seals everything that is pending: new dictionary entries, the events, losses, and `clock` if the offsets
  // moved. After it returns, anyone can read everything handed over before the call. Only with
  // TraceWriterOptions::sync does that survive a loss of power.
  Status flush(const ClockSample& clock);

  // Calls flush(), writes FOOTER and TRAILER, and closes the sink. Fills in `summary.totals`, `.losses`,
  // `.first_clock`, `.later_mounts` and the counts; the caller gives the rest.
  Status finish(const ClockSample& clock, TraceSummary summary);

  std::uint64_t bytes_written() const;
  // Returns the totals of sealed and pending events.
  TraceTotals totals() const;
  std::uint64_t event_count() const;
  std::uint32_t path_count() const;
  std::uint32_t process_count() const;

 private:
  struct State;
  explicit TraceWriter(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace rfan::format
