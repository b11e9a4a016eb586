// The engine under all verbs: runs a query over a set of traces.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "format/base/error.h"
#include "format/model/byte_io.h"
#include "replay/query/filter.h"
#include "replay/query/query.h"
#include "replay/query/scan_counts.h"
#include "replay/text/progress.h"
#include "replay/trace/notes.h"
#include "replay/trace/timeline.h"
#include "replay/trace/trace_set.h"

namespace rfan::replay {

struct ScanOptions {
  unsigned threads = 1;
  bool follow = false;                       // wait for more where the last file is being written
  TimeStyle time_style = TimeStyle::kLocal;  // of notes
};

// Whether an answer covers everything that was to be recorded.
enum class Coverage : std::uint8_t { kWhole, kPartial };

// Runs queries over the files of a set, one file after the other. Per file, the filter decides every
// dictionary entry once; blocks outside its time are not read, and blocks that their statistics exclude are
// not decompressed (BlockWork). Seekable files are scanned by `threads` threads (FileScan), streams by the
// calling thread, front to back. The thread that calls run() owns the scan and writes all notes. Rejected:
// scanning several files at a time, because ids mean nothing in another file and blocks are work enough.
class Scan {
 public:
  // Everything must outlive the scan.
  Scan(const TraceSet& set, ConditionPtr condition, const ScanOptions& options, const NoteSink& note,
       Progress& progress)
      : set_(set), condition_(std::move(condition)), options_(options), note_(note), progress_(progress) {}

  // Returns kPartial after damage, a missing footer or a loss in the time of the filter, each with a note.
  // Fails if an input cannot be read.
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

}  // namespace rfan::replay
