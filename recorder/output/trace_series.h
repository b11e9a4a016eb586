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

// Writes one trace file after another. Each file is a whole trace with its own dictionaries, so ids interned
// in one file mean nothing in the next. For the writer thread, except settle() and request_rotation().
class TraceSeries {
 public:
  // One file, never rotated.
  explicit TraceSeries(std::unique_ptr<format::TraceWriter> only) : current_(std::move(only)) {}
  // Writes the head of the first file. `options.file` and `options.file_sequence` describe the first file.
  static Result<std::unique_ptr<TraceSeries>> create(std::unique_ptr<RotatedFiles> files,
                                                     const Rotation& rotation,
                                                     const format::TraceWriterOptions& options,
                                                     format::TraceMeta meta);

  format::TraceWriter& current() { return *current_; }

  // Returns whether the next file should begin now. A file without an event is never followed by another one.
  bool due(std::uint64_t now_ns) const;
  // Returns when (CLOCK_MONOTONIC) due() can turn true without a write; empty: only after a write.
  std::optional<std::uint64_t> due_at_ns() const;
  // Adds a mount that appeared while recording to this file and all later ones.
  void add_mount(const format::MountCoverage& mount);
  // Makes the recording permanent. Until then no older file is removed and no second file begins. The main
  // thread calls it once.
  void settle() {
    if (files_ != nullptr) files_->settle();
  }
  // Any thread. Makes due() return true until the next file begins.
  void request_rotation() { requested_.store(true, std::memory_order_relaxed); }

  // Ends the file and begins the next one. After a failure only figures() may be called.
  Status rotate(const format::ClockSample& clock, format::TraceSummary summary);
  // Ends the last file.
  Status finish(const format::ClockSample& clock, format::TraceSummary summary);

  // Totals of all files.
  struct Figures {
    format::TraceTotals totals;
    std::uint64_t bytes = 0;
    std::uint64_t files = 0;
    std::uint64_t dropped_files = 0;
    std::string path;  // of the last file; empty if there is no rotation
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
