#include "recorder/threads/trace_output.h"

#include <algorithm>
#include <utility>

#include "recorder/system/clock.h"

namespace rfan::recorder {

using format::LossCause;

std::uint64_t TraceOutput::due_ns() const {
  const auto flush_ns = flush_due_ns_ == 0 ? UINT64_MAX : flush_due_ns_;
  if (!failure_.ok()) return flush_ns;
  return std::min(flush_ns, series_->due_at_ns().value_or(UINT64_MAX));
}

bool TraceOutput::has_pending() const {
  return failure_.ok() && (trace().event_count() != flushed_events_ || ledger_.pending());
}

bool TraceOutput::flush_if_due(std::uint64_t now_ns) {
  if (flush_due_ns_ == 0) {
    if (has_pending()) flush_due_ns_ = now_ns + std::uint64_t{flush_interval_ms_} * 1'000'000;
    return false;
  }
  if (now_ns < flush_due_ns_) return false;
  flush();
  return true;
}

void TraceOutput::flush() {
  flush_due_ns_ = 0;
  if (!has_pending()) return;
  ledger_.hand_over(trace());
  if (const auto status = trace().flush(sample_clocks()); !status) return fail(status.error());
  flushed_events_ = trace().event_count();
}

bool TraceOutput::rotate(const Counts& counts) {
  flush();
  if (!failure_.ok()) return false;
  format::TraceSummary summary;
  counts(summary.cost);
  if (const auto status = series_->rotate(sample_clocks(), std::move(summary)); !status) {
    fail(status.error());
    return false;
  }
  flushed_events_ = 0;
  return true;
}

void TraceOutput::fail(const Error& error) {
  const auto now_ns = monotonic_ns();
  const auto unwritten = trace().event_count() - flushed_events_;
  if (unwritten != 0) ledger_.add({LossCause::kWriteError, unwritten, now_ns, now_ns});
  failure_ = error;
  failure_event_->wake();
}

Status TraceOutput::finish(format::TraceSummary summary) {
  if (!failure_.ok()) return failure_;
  ledger_.hand_over(trace());
  auto status = series_->finish(sample_clocks(), std::move(summary));
  if (!status) fail(status.error());
  return status;
}

void TraceOutput::publish_figures(std::uint64_t dropped) const {
  const auto figures = series_->figures();
  const auto& totals = figures.totals;
  live_.events.store(totals.events, std::memory_order_relaxed);
  live_.lost_later.store(ledger_.lost().known - dropped, std::memory_order_relaxed);
  live_.bytes.store(figures.bytes, std::memory_order_relaxed);
  live_.reply_p50_ns.store(totals.reply_latency.quantile_ns(0.5), std::memory_order_relaxed);
  live_.reply_p99_ns.store(totals.reply_latency.quantile_ns(0.99), std::memory_order_relaxed);
}

}  // namespace rfan::recorder
