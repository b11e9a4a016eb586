#include "replay/verbs/info.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "format/base/escape.h"
#include "format/base/number_text.h"
#include "format/trace/trace_reader.h"
#include "replay/text/table.h"
#include "replay/trace/trace_names.h"
#include "replay/verbs/verbs.h"

namespace rfan::replay {
namespace {

using format::TraceReader;

// Reads to the end, so that nothing is taken on trust. Totals come from the statistics of the blocks; only
// latencies are decoded.
Status scan(TraceReader& reader, Timeline& timeline, format::TraceSummary& summary) {
  format::EventColumns columns;
  while (true) {
    auto block = reader.next_block();
    if (!block) return block.error();
    if (!*block) break;
    timeline.refresh((*block)->statistics.totals.first_ns);
    summary.totals.merge((*block)->statistics.totals);
    if (reader.decode(**block, format::kColumnFlags | format::kColumnReply, columns)) {
      columns.add_latencies(summary.totals.reply_latency);
    }
  }
  summary.losses = reader.losses();
  summary.path_count = reader.dictionary().path_count();
  summary.process_count = reader.dictionary().process_count();
  return {};
}

// Finds the start of a trace whose footer has no clock sample: the first block brings the first one.
Status find_start(TraceReader& reader, Timeline& timeline) {
  auto block = reader.next_block();
  if (!block) return block.error();
  if (*block) timeline.refresh((*block)->statistics.totals.first_ns);
  return {};
}

// Shows one line for each file, for rotated sets.
class FileTable {
 public:
  explicit FileTable(bool colour)
      : table_({{"events", Align::kRight},
                {"bytes", Align::kRight},
                {"first event", Align::kLeft},
                {"seconds", Align::kRight},
                {"lost", Align::kRight},
                {"file", Align::kLeft}},
               colour) {}

  void add(const InfoReport& report, const Timeline& timeline, const TimeFormat& time) {
    const auto& totals = report.summary.totals;
    std::uint64_t lost = 0;
    for (const auto& loss : report.losses) {
      if (format::loses_events(loss.cause)) lost += loss.count.known;
    }
    events_ += totals.events;
    bytes_ += report.size_bytes;
    table_.add({format::count_text(totals.events), format::count_text(report.size_bytes),
                totals.events == 0 ? "-" : time.full_date(timeline.realtime_ns(totals.first_ns)),
                fmt::format("{:.3f}", static_cast<double>(report.duration_ns()) / 1e9),
                format::count_text(lost), escaped(report.file) + (report.finished ? "" : " (not finished)")});
  }
  void print(TextBuffer& out) {
    table_.add({format::count_text(events_), format::count_text(bytes_), "", "", "", "all"});
    table_.print(out);
  }

 private:
  Table table_;
  std::uint64_t events_ = 0;
  std::uint64_t bytes_ = 0;
};

class Info : public Verb {
 public:
  Result<Coverage> run(const Session& session) override {
    std::vector<std::string> files;
    for (const auto& name : session.options.traces) {
      for (auto& file : expand_name(name, session.note)) files.push_back(std::move(file));
    }
    if (files.empty()) {
      return Error{"no trace in the directory", session.options.traces.front(), 0,
                   "there is no .fbz file in it"};
    }
    FileTable table(session.colour);
    bool whole = true;
    for (const auto& file : files) {
      const auto coverage = describe(session, file, files.size() == 1 ? nullptr : &table);
      if (!coverage) return coverage.error();
      whole &= coverage.value() == Coverage::kWhole;
    }
    if (files.size() > 1 && session.options.format == OutputFormat::kText) table.print(session.out.text());
    return whole ? Coverage::kWhole : Coverage::kPartial;
  }

 private:
  // Shows one trace. Reads only header, footer and the directory that the footer is checked against if the
  // file is finished; reads all of a pipe or an unfinished trace.
  static Result<Coverage> describe(const Session& session, const std::string& name, FileTable* table);
};

Result<Coverage> Info::describe(const Session& session, const std::string& name, FileTable* table) {
  auto source = format::open_source(name);
  if (!source) return source.error();
  const auto size = (*source)->size();
  auto opened = TraceReader::open(std::move(*source), damage_notes(session.note));
  if (!opened) return opened.error();
  auto& reader = **opened;
  auto footer = reader.footer();
  std::vector<format::ClockSample> first_clock;
  if (footer && footer->first_clock) first_clock.push_back(*footer->first_clock);
  Timeline timeline(first_clock.empty() ? reader.clocks() : std::as_const(first_clock));
  timeline.set_unit(reader.meta().time_unit_ns);
  InfoReport report;
  report.file = name;
  report.header = reader.header();
  report.meta = reader.meta();
  if (!first_clock.empty()) {
    timeline.refresh(footer->totals.first_ns);
  } else {
    const auto status = footer ? find_start(reader, timeline) : scan(reader, timeline, report.summary);
    if (!status) return status.error();
  }
  const bool counted = !footer;
  if (counted) footer = reader.footer();  // a pipe has been read to its footer by now
  report.finished = footer.has_value();
  if (footer) {
    if (counted) footer->totals = report.summary.totals;
    report.summary = *std::move(footer);
  }
  report.meta.mounts = reader.mounts();
  report.size_bytes = size.value_or(reader.bytes_read());
  report.damage_count = reader.damage_count();
  report.losses = sum_losses(report.summary.losses);
  const TimeFormat time(timeline, session.options.utc ? TimeStyle::kUtc : TimeStyle::kLocal);
  if (session.options.format == OutputFormat::kJson) {
    print_info_json(report, timeline, session.out.text());
  } else if (table != nullptr) {
    table->add(report, timeline, time);
  } else {
    print_info_text(report, timeline, time, session.out.text());
  }
  if (!report.finished) session.note(fmt::format("{}: {}", escaped(name), unfinished_note()));
  if (reader.unknown_frames() != 0) session.note(unknown_frames_note(reader.unknown_frames()));
  const bool whole = report.finished && report.damage_count == 0 && !any_concerns_events(report.losses);
  return whole ? Coverage::kWhole : Coverage::kPartial;
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

constexpr VerbEntry kInfoVerb{
    .name = "info",
    .summary = "what was recorded, where, how completely and at what cost",
    .synopsis = "TRACE... [OUTPUT]",
    .about = R"(Describes each trace. Of a finished one it reads little more than the footer.

  rfanreplay info trace.fbz
  rfanreplay info trace.fbz --format json | jq .losses
)",
    .groups = 0,
    .make = make_verb<Info>};

}  // namespace rfan::replay
