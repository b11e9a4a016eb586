// `rfanreplay info`: what was recorded, where, how completely and at what cost.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "format/model/trace_info.h"
#include "replay/text/text_buffer.h"
#include "replay/trace/notes.h"

namespace rfan::replay {

// Everything `info` says of one trace, as found in the footer, or by reading all of a trace that has none.
struct InfoReport {
  std::string file;
  std::uint64_t size_bytes = 0;  // of the file; of a pipe or an unfinished trace: what was read
  format::FileHeader header;
  format::TraceMeta meta;
  // Without a footer: end_reason, command_status and cost stay at their defaults.
  format::TraceSummary summary;
  bool finished = false;           // there is a valid footer
  std::uint64_t damage_count = 0;  // places; only a scan finds them
  std::vector<LossSum> losses;

  std::uint64_t held_events() const { return summary.totals.reply_latency.total(); }
  std::uint64_t duration_ns() const { return summary.totals.last_ns - summary.totals.first_ns; }
  std::optional<double> events_per_second() const;
  std::optional<double> bytes_per_event() const;
  // Rounded down to hundredths: 100 means every single one.
  std::optional<double> attribution_percent() const;
};

// `timeline` and `time` give the dates of the report.
void print_info_text(const InfoReport& report, const Timeline& timeline, TimeFormat time, TextBuffer& out);
void print_info_json(const InfoReport& report, const Timeline& timeline, TextBuffer& out);

}  // namespace rfan::replay
