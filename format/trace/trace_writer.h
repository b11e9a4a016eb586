// Writes one trace file: HEADER, META, then CLOCK/DICT/EVENTS/LOSS/MOUNTS frames as they come, an INDEX after
// every 64 blocks, FOOTER and TRAILER at the end.
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
  // Every flush also waits until its bytes would survive a loss of power (fdatasync(2)).
  bool sync = false;
};

// Small frames are all fixed costs: a higher level costs little and saves a tenth.
inline constexpr int kSmallFrameLevel = 6;

// Fresh random uuid (version 4), from getrandom(2).
Uuid random_uuid();

// Owned by one thread (the writer thread); nothing here locks. Memory: the path and process dictionaries
// (grow with distinct paths and processes) and one block of events. Calls that do I/O return a Status; after
// a failure the writer refuses further I/O with the same error, and what was written before stays readable.
class TraceWriter {
 public:
  // Writes HEADER and META.
  static Result<std::unique_ptr<TraceWriter>> create(std::unique_ptr<ByteSink> sink,
                                                     const TraceWriterOptions& options,
                                                     const TraceMeta& meta);
  ~TraceWriter();
  TraceWriter(const TraceWriter&) = delete;
  TraceWriter& operator=(const TraceWriter&) = delete;

  // The id of `path` (bytes, not empty, at most kMaxPathBytes), adding it when it is new. 0 when the
  // dictionary is full.
  PathId intern_path(std::string_view path);

  // A new entry, even when there is one like it: for a copy that keeps the ids of another trace. The same
  // limits; either this or intern_path(), not both.
  PathId add_path(std::string_view path);

  // Adds an entry; the caller keeps the id. Entries are immutable. 0 when the dictionary is full.
  ProcessId add_process(const Process& process);

  // Buffers one event; times must not decrease. Call flush() when `block_full()`.
  void add_event(const Event& event);
  bool block_full() const;

  // Copies a block of another trace as it is, behind what is pending. Its ids must mean here what they mean
  // there, its times must not decrease, and `latencies` is what a reader finds in its reply column.
  Status append_block(const EncodedBlock& block, const LatencyHistogram& latencies);

  // Enters the ledger; written with the next flush.
  void add_loss(const Loss& loss);

  // A mount that appeared while recording, with the time; written with the next flush.
  void add_mount(const MountCoverage& mount);

  // The clocks as they were in between, right after one was set: written with the next flush, so that events
  // from then on have the new time of day. Ignored where a flush had a later reading.
  void add_clock(const ClockSample& clock);

  // Seals what is pending: new dictionary entries, the events, losses, and `clock` if the offsets moved.
  // Everything handed over before this call is readable by anyone after it returns; it survives a loss of
  // power with TraceWriterOptions::sync only.
  Status flush(const ClockSample& clock);

  // flush() + FOOTER + TRAILER + close of the sink. `summary.totals`, `.losses`, `.first_clock`,
  // `.later_mounts` and the counts are filled in here; the caller gives the rest.
  Status finish(const ClockSample& clock, TraceSummary summary);

  std::uint64_t bytes_written() const;
  // Of sealed and pending events.
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
