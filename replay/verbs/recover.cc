// `rfanreplay recover` writes a new, complete trace with everything readable of a damaged or unfinished one.
#include <fmt/format.h>

#include <algorithm>

#include "format/base/escape.h"
#include "format/base/number_text.h"
#include "format/model/loss_summary.h"
#include "format/trace/trace_file.h"
#include "replay/copy/new_trace.h"
#include "replay/copy/trace_copy.h"
#include "replay/verbs/verbs.h"

namespace rfan::replay {
namespace {

using format::count_text;
using format::Damage;

// Copies the readable part of one file into a writer. `damage` is that of the file; the times of blocks may
// add to it.
class Recovery {
 public:
  Recovery(const format::TraceFile& file, std::vector<Damage>& damage, format::TraceWriter& writer)
      : file_(file), damage_(damage), writer_(writer), copy_(writer, nullptr, file.clocks()) {}

  Status run();
  std::uint64_t saved() const { return copy_.events(); }
  const format::LossCount& lost() const { return lost_; }

 private:
  Status save_block(std::size_t index);
  void enter_losses();
  format::Loss loss_of(const Damage& damage) const;

  const format::TraceFile& file_;
  std::vector<Damage>& damage_;
  format::TraceWriter& writer_;
  TraceCopy copy_;
  format::BlockDecoder decoder_;
  format::EventColumns columns_;
  std::uint64_t last_ns_ = 0;
  format::LossCount lost_;
};

// Decodes everything, since the statements of a new file must be true. Skips a block that does not decode;
// its damage has been reported. Does not copy ids that stand for nothing.
Status Recovery::save_block(std::size_t index) {
  auto block = file_.read_block(index);
  if (!block) return block.error().is_damage() ? Status() : Status(block.error());
  if (!file_.decode(*block, format::kAllColumns, decoder_, columns_)) return {};
  if (columns_.time_ns.front() < last_ns_ ||
      !std::is_sorted(columns_.time_ns.begin(), columns_.time_ns.end())) {
    auto damage = block->origin;
    damage.description += ": its times run backwards";
    damage_.push_back(damage);
    return {};
  }
  last_ns_ = columns_.time_ns.back();
  if (const auto lost_paths = columns_.missing.paths; lost_paths != 0) {
    writer_.add_loss({format::LossCause::kUnresolvedPath, lost_paths, columns_.time_ns.front(), last_ns_});
  }
  if (copy_.ids() == CopiedIds::kKept && !columns_.missing.any()) {
    format::LatencyHistogram latencies;
    columns_.add_latencies(latencies);
    return copy_.add_block(*block, latencies);
  }
  for (std::size_t i = 0; i < columns_.count; ++i) {
    if (auto added = copy_.add_event(columns_.event(i)); !added) return added;
  }
  return {};
}

// Returns the loss for a damaged range, with the time between the blocks around it.
format::Loss Recovery::loss_of(const Damage& damage) const {
  const auto blocks = file_.blocks();
  const auto behind = std::partition_point(blocks.begin(), blocks.end(), [&](const auto& block) {
    return block.offset < damage.offset + damage.bytes;
  });
  const auto before = std::partition_point(blocks.begin(), behind, [&](const auto& block) {
    return block.offset + block.length <= damage.offset;
  });
  format::Loss loss{format::LossCause::kWriteError, damage.events, 0, 0};
  const auto start = file_.clocks().empty() ? 0 : file_.clocks().front().monotonic_ns;
  loss.first_ns = before == blocks.begin() ? start : std::prev(before)->last_ns;
  loss.last_ns = std::max(loss.first_ns, behind == blocks.end() ? last_ns_ : behind->first_ns);
  return loss;
}

// Adds one loss for each damaged range. If the footer tells how many events are missing and only one range
// has an unknown count, that range gets the remainder.
void Recovery::enter_losses() {
  std::sort(damage_.begin(), damage_.end(), [](const auto& a, const auto& b) { return a.offset < b.offset; });
  std::uint64_t known = 0;
  std::vector<Damage*> unknown;
  for (auto& damage : damage_) {
    known += damage.events.value_or(0);
    if (!damage.events) unknown.push_back(&damage);
  }
  const auto& footer = file_.footer();
  if (unknown.size() == 1 && footer && footer->totals.events >= copy_.events() + known)
    unknown.front()->events = footer->totals.events - copy_.events() - known;
  for (const auto& damage : damage_) {
    if (damage.events == 0) continue;
    const auto loss = loss_of(damage);
    lost_.add(loss);
    writer_.add_loss(loss);
  }
}

Status Recovery::run() {
  const bool gaps = file_.dictionary().has_gaps();
  if (auto begun = copy_.begin(file_.dictionary(), gaps ? CopiedIds::kByUse : CopiedIds::kKept); !begun)
    return begun;
  if (gaps) {
    if (auto added = copy_.add_all_names(); !added) return added;
  }
  for (std::size_t i = 0; i < file_.blocks().size(); ++i) {
    if (auto saved = save_block(i); !saved) return saved;
  }
  for (const auto& loss : file_.footer() ? file_.footer()->losses : file_.losses()) writer_.add_loss(loss);
  enter_losses();
  return copy_.finish(file_.footer().value_or(format::TraceSummary{}));
}

class Recover : public Verb {
 public:
  OptionGroup options() override {
    return {
        "",
        {{"-o,--output", "OUT", "the new trace; must not be there yet", &output_, {Values::Kind::kFile}}}};
  }
  Status check(const Options& options) override {
    if (output_.empty()) return Error{"recover needs a name for the new trace", {}, 0, "give -o OUT"};
    if (options.traces.size() != 1)
      return Error{"recover takes one trace", {}, 0, "a rotated set file by file"};
    return {};
  }
  Result<Coverage> run(const Session& session) override;

 private:
  std::string output_;
};

format::TraceMeta meta_of(const format::TraceFile& file) {
  auto meta = file.meta();
  meta.mounts = file.mounts();
  return meta;
}

Result<Coverage> Recover::run(const Session& session) {
  std::vector<Damage> damage;
  auto source = format::open_source(session.options.traces.front());
  if (!source) return source.error();
  const auto opened = format::TraceFile::open(
      std::move(*source), [&](const Damage& found) { damage.push_back(found); },
      format::TraceFile::Access::kByFrames);
  if (!opened) return opened.error();
  const auto& file = *opened.value();
  auto target = NewTrace::create(output_);
  if (!target) return target.error();
  format::TraceWriterOptions options;
  // A recording keeps its place in its set.
  options.session = file.header().session;
  options.file_sequence = file.header().file_sequence;
  options.file = format::random_uuid();
  options.time_unit_ns = std::max(1U, file.meta().time_unit_ns);  // 0 if META is lost
  auto writer = format::TraceWriter::create(target->take_sink(), options, meta_of(file));
  if (!writer) return writer.error();
  Recovery recovery(file, damage, **writer);
  if (auto done = recovery.run(); !done) return done.error();
  if (auto published = target->publish(recovery.saved()); !published) return published.error();
  for (const auto& found : damage) session.note(damage_text(found));
  if (!file.complete())
    session.note(fmt::format("{}: {}", escaped(session.options.traces.front()), unfinished_note()));
  session.out.append(fmt::format("{}: {} events saved, {} events lost; read back and found whole\n",
                                 escaped(output_), count_text(recovery.saved()),
                                 recovery.lost().none() ? "no" : format::loss_count_text(recovery.lost())));
  return Coverage::kWhole;
}

}  // namespace

constexpr VerbEntry kRecoverVerb{
    .name = "recover",
    .summary = "save what is readable of a damaged trace into a new one",
    .synopsis = "TRACE -o OUT",
    .about =
        R"(Writes a new, complete trace from all that is readable of one that is damaged, cut off or was not finished. What
is missing is in its loss ledger: a write error for each damaged place, with the number of events where that is
known. OUT appears only when it was read back and found whole.

  rfanreplay recover damaged.fbz -o saved.fbz
)",
    .groups = kMakesTrace,
    .make = make_verb<Recover>};

}  // namespace rfan::replay
