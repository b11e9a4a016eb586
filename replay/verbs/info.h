// The data of `rfanreplay info`: what was recorded, where, how completely and at what cost.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "format/model/trace_info.h"
#include "replay/text/text_buffer.h"
#include "replay/trace/notes.h"

namespace rfan::replay {

// Everything that `info` shows about one trace. Comes from the footer, or from reading the whole trace if it
// has none.
struct InfoReport {
  std::string file;
  std::uint64_t size_bytes = 0;  // of the file; for a pipe: bytes read
  format::FileHeader header;
  format::TraceMeta meta;
  // Without a footer: end_reason, command_status and cost stay at their defaults.
  format::TraceSummary summary;
  bool finished = false;           // there is a valid footer
  std::uint64_t damage_count = 0;  // damaged places; only a full read finds them
  std::vector<LossSum> losses;

  std::uint64_t held_events() const { return summary.totals.reply_latency.total(); }
  std::uint64_t duration_ns() const { return summary.totals.last_ns - summary.totals.first_ns; }
  std::optional<double> events_per_second() const;
  std::optional<double> bytes_per_event() const;
  // Rounds down to hundredths, so that 100 means every single event.
  std::optional<double> attribution_percent() const;
};

// Print the report; `timeline` and `time` give its dates.
void print_info_text(const InfoReport& report, const Timeline& timeline, TimeFormat time, TextBuffer& out);
void print_info_json(const InfoReport& report, const Timeline& timeline, TextBuffer& out);

}  // namespace rfan::replay
