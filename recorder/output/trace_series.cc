#include "recorder/output/trace_series.h"

#include <utility>

#include "recorder/system/clock.h"

namespace rfan::recorder {

Result<std::unique_ptr<TraceSeries>> TraceSeries::create(std::unique_ptr<RotatedFiles> files,
                                                         const Rotation& rotation,
                                                         const format::TraceWriterOptions& options,
                                                         format::TraceMeta meta) {
  std::unique_ptr<TraceSeries> series(new TraceSeries(std::move(files), rotation, options, std::move(meta)));
  if (auto status = series->begin_file(); !status) return status.error();
  return series;
}

Status TraceSeries::begin_file() {
  auto writer = format::TraceWriter::create(files_->take_sink(), options_, meta_);
  if (!writer) return writer.error();
  current_ = std::move(*writer);
  begun_ns_ = monotonic_ns();
  requested_.store(false, std::memory_order_relaxed);
  return {};
}

void TraceSeries::add_mount(const format::MountCoverage& mount) {
  current_->add_mount(mount);
  meta_.mounts.push_back(mount);
}

bool TraceSeries::due(std::uint64_t now_ns) const {
  if (files_ == nullptr || !files_->is_settled() || current_->event_count() == 0) return false;
  const bool large = rotation_.file_bytes != 0 && current_->bytes_written() >= rotation_.file_bytes;
  return large || requested_.load(std::memory_order_relaxed) || now_ns >= due_at_ns().value_or(UINT64_MAX);
}

std::optional<std::uint64_t> TraceSeries::due_at_ns() const {
  if (files_ == nullptr || !files_->is_settled() || rotation_.file_time.count() == 0 ||
      current_->event_count() == 0) {
    return {};
  }
  return begun_ns_ + static_cast<std::uint64_t>(rotation_.file_time.count()) * 1'000'000;
}

Status TraceSeries::end_file(const format::ClockSample& clock, format::TraceSummary summary) {
  if (auto status = current_->finish(clock, std::move(summary)); !status) return status;
  return files_ == nullptr ? Status() : files_->seal();
}

Status TraceSeries::rotate(const format::ClockSample& clock, format::TraceSummary summary) {
  summary.end_reason = format::EndReason::kRotated;
  if (auto status = end_file(clock, std::move(summary)); !status) return status;
  auto with_this_file = figures();
  if (auto status = files_->begin(); !status) return status;
  meta_.previous_file = options_.file;
  options_.file = format::random_uuid();
  ++options_.file_sequence;
  if (auto status = begin_file(); !status) return status;
  finished_ = std::move(with_this_file);
  return {};
}

Status TraceSeries::finish(const format::ClockSample& clock, format::TraceSummary summary) {
  return end_file(clock, std::move(summary));
}

TraceSeries::Figures TraceSeries::figures() const {
  Figures figures = finished_;
  figures.totals.merge(current_->totals());
  figures.bytes += current_->bytes_written();
  ++figures.files;
  if (files_ != nullptr) {
    figures.path = files_->path();
    figures.dropped_files = files_->dropped();
  }
  return figures;
}

}  // namespace rfan::recorder
