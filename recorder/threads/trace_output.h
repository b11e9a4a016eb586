// The trace of the writer thread: when it is flushed and rotated, and what happens when it cannot be written.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "format/base/error.h"
#include "format/trace/trace_writer.h"
#include "recorder/handover/live_statistics.h"
#include "recorder/output/loss_ledger.h"
#include "recorder/output/trace_series.h"
#include "recorder/system/wake_event.h"

namespace rfan::recorder {

// After a write error nothing is written any more, and events count as lost. Writer thread; finish() after
// it.
class TraceOutput {
 public:
  // Fills in what the file that ends accounts for.
  using Counts = std::function<void(format::RecorderCost&)>;

  // All references must outlive this.
  TraceOutput(std::unique_ptr<TraceSeries> series, LossLedger& ledger, LiveStatistics& live,
              std::uint32_t flush_interval_ms)
      : series_(std::move(series)), ledger_(ledger), live_(live), flush_interval_ms_(flush_interval_ms) {}

  // Wakes by `event`, which must outlive this, when the trace can no longer be written.
  void wake_on_failure(const WakeEvent& event) { failure_event_ = &event; }

  format::TraceWriter& trace() const { return series_->current(); }
  TraceSeries& series() const { return *series_; }
  bool ok() const { return failure_.ok(); }

  // Returns CLOCK_MONOTONIC of the next flush or rotation that is known; UINT64_MAX: none.
  std::uint64_t due_ns() const;
  bool rotation_is_due(std::uint64_t now_ns) const { return failure_.ok() && series_->due(now_ns); }
  // Begins the next file. Returns true when it has begun: nothing is interned in it yet.
  bool rotate(const Counts& counts);
  // Flushes when the interval is over; begins the interval when something is pending. Returns true when it
  // flushed.
  bool flush_if_due(std::uint64_t now_ns);
  // Writes what is pending to the file.
  void flush();
  // Ends the last file. Returns the first error of the recording, if there was one.
  Status finish(format::TraceSummary summary);

  // Shows the figures of the trace to the status line. `dropped`: lost events that it knows of already.
  void publish_figures(std::uint64_t dropped) const;

 private:
  bool has_pending() const;
  void fail(const Error& error);

  std::unique_ptr<TraceSeries> series_;
  LossLedger& ledger_;
  LiveStatistics& live_;
  std::uint32_t flush_interval_ms_;
  std::uint64_t flush_due_ns_ = 0;    // CLOCK_MONOTONIC; 0: nothing is pending
  std::uint64_t flushed_events_ = 0;  // of the file at hand
  Status failure_;
  const WakeEvent* failure_event_ = nullptr;
};

}  // namespace rfan::recorder
