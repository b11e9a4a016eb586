// The trace of a recording: one file, or one after another.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "format/base/error.h"
#include "format/model/trace_info.h"
#include "format/trace/trace_writer.h"
#include "recorder/output/rotated_files.h"

namespace rfan::recorder {

// Each file of a series is a whole trace with dictionaries of its own: what was interned in one file is
// unknown to the next. Writer thread, but for settle() and request_rotation().
class TraceSeries {
 public:
  // One file, never rotated.
  explicit TraceSeries(std::unique_ptr<format::TraceWriter> only) : current_(std::move(only)) {}
  // Writes the head of the first file. `options.file` and `.file_sequence` are of the first one.
  static Result<std::unique_ptr<TraceSeries>> create(std::unique_ptr<RotatedFiles> files,
                                                     const Rotation& rotation,
                                                     const format::TraceWriterOptions& options,
                                                     format::TraceMeta meta);

  format::TraceWriter& current() { return *current_; }

  // Whether the next file should begin now. A file without an event is never followed by another one.
  bool due(std::uint64_t now_ns) const;
  // CLOCK_MONOTONIC when due() may turn true by itself; empty: not before something is written.
  std::optional<std::uint64_t> due_at_ns() const;
  // A mount that appeared while recording, for this file and those behind it.
  void add_mount(const format::MountCoverage& mount);
  // The recording goes on from here: until then no older file is dropped, and none follows the first. Main
  // thread, once.
  void settle() {
    if (files_ != nullptr) files_->settle();
  }
  // Any thread: due() from now on, until the next file begins.
  void request_rotation() { requested_.store(true, std::memory_order_relaxed); }

  // Ends the file and begins the next one. After a failure no further call but figures().
  Status rotate(const format::ClockSample& clock, format::TraceSummary summary);
  // Ends the last file.
  Status finish(const format::ClockSample& clock, format::TraceSummary summary);

  // Of all files.
  struct Figures {
    format::TraceTotals totals;
    std::uint64_t bytes = 0;
    std::uint64_t files = 0;
    std::uint64_t dropped_files = 0;
    std::string path;  // of the last one; empty where it is not rotated
  };
  Figures figures() const;

 private:
  TraceSeries(std::unique_ptr<RotatedFiles> files, const Rotation& rotation,
              const format::TraceWriterOptions& options, format::TraceMeta meta)
      : files_(std::move(files)), rotation_(rotation), options_(options), meta_(std::move(meta)) {}
  Status begin_file();
  Status end_file(const format::ClockSample& clock, format::TraceSummary summary);

  std::unique_ptr<RotatedFiles> files_;  // null: one file, never rotated
  Rotation rotation_;
  format::TraceWriterOptions options_;
  format::TraceMeta meta_;
  std::unique_ptr<format::TraceWriter> current_;
  std::uint64_t begun_ns_ = 0;
  Figures finished_;  // without the current file
  std::atomic<bool> requested_ = false;
};

}  // namespace rfan::recorder
