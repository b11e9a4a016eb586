#include "replay/cat.h"

#include "format/trace_reader.h"
#include "replay/filter.h"
#include "replay/json_printer.h"
#include "replay/text_printer.h"

namespace rfan::replay {
namespace {

using format::kAllColumns;
using format::TraceReader;

// Block after block of one trace: skip what the statistics exclude, decode what the filter needs, and the
// rest only for blocks in which something matched.
class Cat {
 public:
  Cat(const Options& options, TraceReader& reader, Output& out)
      : reader_(reader), out_(out), timeline_(reader.clocks()), filter_(options.filter) {
    if (options.format == OutputFormat::kJson) {
      printer_ = std::make_unique<JsonPrinter>(out, reader.dictionary(), timeline_);
    } else {
      printer_ = std::make_unique<TextPrinter>(out, reader.dictionary(), timeline_, options.time_style());
    }
  }

  // Until the end of the trace, or until the output fails. With `live`, output does not wait for the buffer
  // to fill.
  Status print_all(bool live) {
    while (out_.status()) {
      auto block = reader_.next_block();
      if (!block) return block.error();
      if (!*block) return {};
      print_block(**block);
      if (live) out_.flush();
    }
    return {};
  }

  const Timeline& timeline() const { return timeline_; }

 private:
  void print_block(const format::EncodedBlock& block) {
    timeline_.refresh(block.statistics.totals.first_ns);
    filter_.extend(reader_.dictionary());
    if (filter_.may_match(block.statistics, timeline_) && select(block)) printer_->print(events_, rows_);
  }

  // False when no event matches, or the block is damaged (which decode() has reported).
  bool select(const format::EncodedBlock& block) {
    const auto wanted = filter_.columns() == 0 ? kAllColumns : filter_.columns();
    if (!reader_.decode(block, wanted, events_)) return false;
    filter_.select(events_, timeline_, rows_);
    if (rows_.empty() || wanted == kAllColumns) return !rows_.empty();
    if (!reader_.decode(block, kAllColumns & ~wanted, rest_)) return false;
    take_over_rest(wanted);
    return true;
  }

  void take_over_rest(format::ColumnSet decoded) {
    if (!(decoded & format::kColumnTime)) events_.time_ns.swap(rest_.time_ns);
    if (!(decoded & format::kColumnKind)) events_.kind.swap(rest_.kind);
    if (!(decoded & format::kColumnProcess)) events_.process.swap(rest_.process);
    if (!(decoded & format::kColumnPath)) events_.path.swap(rest_.path);
    if (!(decoded & format::kColumnPath2)) events_.path2.swap(rest_.path2);
    events_.flags.swap(rest_.flags);
    events_.reply_ns.swap(rest_.reply_ns);
  }

  TraceReader& reader_;
  Output& out_;
  Timeline timeline_;
  Filter filter_;
  std::unique_ptr<EventPrinter> printer_;
  format::EventColumns events_, rest_;
  std::vector<std::uint32_t> rows_;
};

// Says what is missing; true when something is.
bool note_missing(TraceReader& reader, TimeFormat time, const NoteSink& note) {
  const auto summary = reader.footer();
  const auto losses = sum_losses(summary ? summary->losses : reader.losses());
  for (const auto& loss : losses) note(loss_note(loss, time));
  if (!reader.complete()) note(unfinished_note(reader.bytes_read()));
  if (reader.unknown_frames() != 0) note(unknown_frames_note(reader.unknown_frames()));
  return !losses.empty() || !reader.complete() || reader.damage_count() != 0;
}

}  // namespace

Result<Coverage> run_cat(const Options& options, std::unique_ptr<format::ByteSource> source, Output& out,
                         const NoteSink& note) {
  const bool live = !source->size().has_value();
  auto reader = TraceReader::open(std::move(source), damage_notes(note));
  if (!reader) return reader.error();
  Cat cat(options, **reader, out);
  const auto status = cat.print_all(live);
  out.flush();
  if (out.closed()) return Coverage::kWhole;
  if (!out.status()) return out.status().error();
  if (!status) return status.error();
  const bool missing = note_missing(**reader, TimeFormat(cat.timeline(), options.time_style()), note);
  return missing ? Coverage::kPartial : Coverage::kWhole;
}

}  // namespace rfan::replay
