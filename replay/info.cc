#include "replay/info.h"

#include <algorithm>
#include <cmath>

namespace rfan::replay {
namespace {

using format::TraceReader;

// Reads to the end. Totals come from the statistics of the blocks; no column is decompressed.
Status scan(TraceReader& reader, Timeline& timeline, format::TraceSummary& summary) {
  while (true) {
    auto block = reader.next_block();
    if (!block) return block.error();
    if (!*block) break;
    timeline.refresh((*block)->statistics.totals.first_ns);
    summary.totals.merge((*block)->statistics.totals);
  }
  summary.losses = reader.losses();
  summary.path_count = reader.dictionary().path_count();
  summary.process_count = reader.dictionary().process_count();
  return {};
}

// The footer has no clock sample; the first block brings the one the trace starts with.
Status find_start(TraceReader& reader, Timeline& timeline) {
  auto block = reader.next_block();
  if (!block) return block.error();
  if (*block) timeline.refresh((*block)->statistics.totals.first_ns);
  return {};
}

}  // namespace

std::optional<double> InfoReport::events_per_second() const {
  if (duration_ns() == 0) return std::nullopt;
  return static_cast<double>(summary.totals.events) * 1e9 / static_cast<double>(duration_ns());
}

std::optional<double> InfoReport::bytes_per_event() const {
  if (summary.totals.events == 0) return std::nullopt;
  return static_cast<double>(size_bytes) / static_cast<double>(summary.totals.events);
}

std::optional<double> InfoReport::attribution_percent() const {
  return summary.totals.attribution_percent();
}

Result<Coverage> run_info(const Options& options, std::unique_ptr<format::ByteSource> source, Output& out,
                          const NoteSink& note) {
  const auto size = source->size();
  auto opened = TraceReader::open(std::move(source), damage_notes(note));
  if (!opened) return opened.error();
  auto& reader = **opened;
  Timeline timeline(reader.clocks());
  InfoReport report;
  report.file = options.trace;
  report.header = reader.header();
  report.meta = reader.meta();
  auto footer = reader.footer();
  const auto status = footer ? find_start(reader, timeline) : scan(reader, timeline, report.summary);
  if (!status) return status.error();
  if (!footer) footer = reader.footer();  // a pipe has shown it by now
  report.finished = footer.has_value();
  if (footer) report.summary = *std::move(footer);
  report.size_bytes = size.value_or(reader.bytes_read());
  report.damage_count = reader.damage_count();
  report.losses = sum_losses(report.summary.losses);
  if (options.format == OutputFormat::kJson) {
    print_info_json(report, timeline, out);
  } else {
    print_info_text(report, timeline, TimeFormat(timeline, options.utc ? TimeStyle::kUtc : TimeStyle::kLocal),
                    out);
  }
  out.flush();
  if (out.closed()) return Coverage::kWhole;
  if (!out.status()) return out.status().error();
  if (!report.finished) note(unfinished_note(reader.bytes_read()));
  if (reader.unknown_frames() != 0) note(unknown_frames_note(reader.unknown_frames()));
  const bool whole = report.finished && report.damage_count == 0 && report.losses.empty();
  return whole ? Coverage::kWhole : Coverage::kPartial;
}

}  // namespace rfan::replay
