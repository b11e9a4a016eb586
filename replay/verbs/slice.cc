// `rfanreplay slice` writes a part of a recording as a new trace and hashes its names on request.
#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <tuple>

#include "format/base/escape.h"
#include "format/base/number_text.h"
#include "format/trace/trace_reader.h"
#include "replay/copy/new_trace.h"
#include "replay/copy/trace_copy.h"
#include "replay/trace/trace_names.h"
#include "replay/verb/look_ahead.h"
#include "replay/verbs/verbs.h"

namespace rfan::replay {
namespace {

using format::count_text;

constexpr std::uint64_t kMaxLevel = 19;  // higher levels need memory in the reader, too
constexpr int kDefaultLevel = 3;

// Returns true if the condition tests times only. A block inside the time then matches as a whole.
bool only_time(const ConditionPtr& condition) {
  const auto all = [](const auto& parts) { return std::all_of(parts.begin(), parts.end(), only_time); };
  if (!condition) return true;
  const auto& test = condition->test;
  if (const auto* both = std::get_if<AllOf>(&test)) return all(both->parts);
  if (const auto* either = std::get_if<AnyOf>(&test)) return all(either->parts);
  if (const auto* none = std::get_if<NoneOf>(&test)) return only_time(none->part);
  return std::holds_alternative<TimeTest>(test);
}

// The output of one block: the block itself, or some of its events with the ids of the source.
struct Piece : BlockOutput {
  std::optional<format::EncodedBlock> block;
  format::LatencyHistogram latencies;
  std::vector<format::Event> events;
  std::optional<format::Loss> lost_paths;
  std::size_t unknown_columns = 0;
};

format::EncodedBlock copy_of(const format::EncodedBlock& block) {
  format::EncodedBlock copy;
  copy.statistics = block.statistics;
  copy.bytes = block.bytes;
  const auto head_bytes = static_cast<std::size_t>(block.meta.data() - block.bytes.data());
  copy.meta = std::span(copy.bytes).subspan(head_bytes, block.meta.size());
  copy.body = std::span(copy.bytes).subspan(head_bytes + block.meta.size());
  copy.origin = block.origin;
  return copy;
}

class PieceMaker : public Sink {
 public:
  // A copied block keeps columns and fields that this program does not know.
  explicit PieceMaker(bool copy_blocks) : copy_blocks_(copy_blocks) {}

  void add(const Batch& batch) override {
    const auto& events = batch.events;
    piece_ = std::make_unique<Piece>();
    note_lost_paths(batch);
    piece_->unknown_columns = events.unknown_columns;
    if (copy_blocks_ && batch.selection.all && !events.missing.any()) {
      piece_->block = copy_of(batch.encoded);
      events.add_latencies(piece_->latencies);
      return;
    }
    batch.for_each_row([&](std::uint32_t row) { piece_->events.push_back(events.event(row)); });
  }
  std::unique_ptr<BlockOutput> output() override { return std::move(piece_); }

 private:
  // Notes that events lost their paths. The count is known only for a whole block.
  void note_lost_paths(const Batch& batch) {
    const auto& lost = batch.events.missing.paths;
    if (lost == 0) return;
    const auto& totals = batch.statistics.totals;
    piece_->lost_paths = {format::LossCause::kUnresolvedPath, {}, totals.first_ns, totals.last_ns};
    if (batch.selection.all) piece_->lost_paths->count = lost;
  }

  const bool copy_blocks_;
  std::unique_ptr<Piece> piece_;
};

class SliceQuery : public Query {
 public:
  // Encodes redacted blocks anew, so that no unknown column or field, which may hold a name, is copied.
  SliceQuery(TraceCopy& copy, CopiedIds ids, bool redacted) : copy_(copy), ids_(ids), redacted_(redacted) {}

  format::ColumnSet columns() const override { return format::kAllColumns; }
  bool ordered() const override { return true; }
  void begin(const ScanFile& file) override {
    const auto ids = file.dictionary.has_gaps() ? CopiedIds::kByUse : ids_;
    if (status_) status_ = copy_.begin(file.dictionary, ids);
  }
  std::unique_ptr<Sink> make_sink(const ScanFile&) override {
    return std::make_unique<PieceMaker>(copy_.ids() == CopiedIds::kKept && !redacted_);
  }
  void consume(const ScanFile&, BlockOutput& output) override {
    auto& piece = static_cast<Piece&>(output);
    if (piece.lost_paths) lost_paths_.push_back(*piece.lost_paths);
    unknown_columns_ = std::max(unknown_columns_, piece.unknown_columns);
    if (status_ && piece.block) status_ = copy_.add_block(*piece.block, piece.latencies);
    for (const auto& event : piece.events) {
      if (status_) status_ = copy_.add_event(event);
    }
  }
  bool done() const override { return !status_; }
  const Status& status() const { return status_; }
  std::size_t unknown_columns() const { return unknown_columns_; }
  // Returns the events that have lost their path in the new trace.
  const std::vector<format::Loss>& lost_paths() const { return lost_paths_; }

 private:
  TraceCopy& copy_;
  const CopiedIds ids_;
  const bool redacted_;
  std::size_t unknown_columns_ = 0;
  std::vector<format::Loss> lost_paths_;
  Status status_;
};

// META and FOOTER of all files of a recording, combined as of one file.
struct Origin {
  format::TraceMeta meta;
  format::TraceSummary end;
  std::vector<format::ClockSample> clocks;
};

using MountKey = std::tuple<std::string, std::string, bool, std::string, std::uint64_t>;
MountKey key_of(const format::MountCoverage& mount) {
  return {mount.path, mount.fs_type, mount.covered, mount.how, mount.since_ns};
}

Result<Origin> origin_of(const TraceSet& set) {
  Origin origin;
  std::set<MountKey> known;
  for (std::size_t i = 0; i < set.members().size(); ++i) {
    const auto& member = set.members()[i];
    auto source = format::open_source(member.path);
    if (!source) return source.error();
    auto reader = format::TraceReader::open(std::move(*source), {});
    if (!reader) return reader.error();
    const auto footer = (*reader)->footer();
    if (i == 0) origin.meta = (*reader)->meta(), origin.meta.mounts.clear();
    for (auto& mount : (*reader)->mounts()) {
      if (known.insert(key_of(mount)).second) origin.meta.mounts.push_back(std::move(mount));
    }
    origin.end = footer.value_or(format::TraceSummary{});
    std::copy_if(member.clocks.begin(), member.clocks.end(), std::back_inserter(origin.clocks),
                 [&](const auto& clock) {
                   return origin.clocks.empty() || clock.monotonic_ns >= origin.clocks.back().monotonic_ns;
                 });
  }
  origin.meta.previous_file.reset();
  return origin;
}

class Slice : public Verb {
 public:
  OptionGroup options() override;
  Status check(const Options& options) override;
  Result<Coverage> run(const Session& session) override;

 private:
  Status prepare_redaction();
  CopiedIds ids_for(const TraceSet& set, const ConditionPtr& condition) const;
  void add_losses(const TraceSet& set, const ConditionPtr& condition, const format::TraceTotals& totals,
                  format::TraceWriter& writer) const;
  void print(const Session& session, const format::TraceCheck& made) const;

  std::string output_, key_file_;
  std::optional<std::uint64_t> level_;
  bool redact_ = false;
  std::vector<std::string> keep_;

  std::optional<Redaction> redaction_;
  // The damage found in the sources. A file may be read twice.
  std::map<std::pair<std::string, std::uint64_t>, format::Damage> damage_;
};

OptionGroup Slice::options() {
  return {
      "",
      {{"-o,--output", "OUT", "the new trace; must not be there yet", &output_, {Values::Kind::kFile}},
       {"--level", "N", "compress anew at this zstd level, 1 to 19, in blocks as large as can be", &level_},
       {"--redact", "", "replace the words of paths, command lines and host names by keyed hashes", &redact_},
       {"--redact-key",
        "FILE",
        "with --redact: the key, 16 to 64 bytes; traces redacted with one key can be compared",
        &key_file_,
        {Values::Kind::kFile}},
       {"--redact-keep",
        "GLOB",
        "with --redact: paths that stay readable, such as /usr/include/",
        &keep_,
        {Values::Kind::kFile}}}};
}

Status Slice::prepare_redaction() {
  if (!redact_) {
    if (key_file_.empty() && keep_.empty()) return {};
    return Error{"--redact-key and --redact-keep go with --redact", {}, 0, {}};
  }
  if (key_file_.empty()) {
    redaction_ = Redaction::with_random_key();
  } else {
    std::ifstream file(key_file_, std::ios::binary);
    const std::string key{std::istreambuf_iterator<char>(file), {}};
    if (!file) return errno_error("cannot read the key", key_file_);
    auto redaction = Redaction::with_key(std::as_bytes(std::span(key)));
    if (!redaction) return redaction.error();
    redaction_ = std::move(*redaction);
  }
  for (const auto& glob : keep_) {
    auto pattern = format::PathPattern::compile(glob);
    if (!pattern) return pattern.error();
    redaction_->keep(std::move(*pattern));
  }
  return {};
}

Status Slice::check(const Options& options) {
  if (output_.empty()) return Error{"slice needs a name for the new trace", {}, 0, "give -o OUT"};
  if (level_ && (*level_ < 1 || *level_ > kMaxLevel))
    return Error{"--level wants a number from 1 to 19", {}, 0, {}};
  if (std::any_of(options.traces.begin(), options.traces.end(),
                  [](const auto& name) { return is_pipe(name); }))
    return Error{"slice needs files, not a pipe", {}, 0, {}};
  return prepare_redaction();
}

// Returns kKept if whole blocks of a single file match, so that blocks can be copied.
CopiedIds Slice::ids_for(const TraceSet& set, const ConditionPtr& condition) const {
  if (level_ || !only_time(condition)) return CopiedIds::kByUse;
  const Filter filter(condition);
  std::size_t files = 0;
  for (std::size_t i = 0; i < set.members().size(); ++i) {
    const auto& member = set.members()[i];
    if (member.events != 0 && filter.may_match_time(member.first_ns, member.last_ns, set.timeline(i)))
      ++files;
  }
  return files == 1 ? CopiedIds::kKept : CopiedIds::kByUse;
}

// Adds the losses of the ledger that touch the selected time, and the damage in the sources, which could lie
// anywhere in it.
void Slice::add_losses(const TraceSet& set, const ConditionPtr& condition, const format::TraceTotals& totals,
                       format::TraceWriter& writer) const {
  const Filter filter(condition);
  for (std::size_t i = 0; i < set.members().size(); ++i) {
    const auto timeline = set.timeline(i);
    for (const auto& loss : set.members()[i].losses) {
      if (filter.may_match_time(loss.first_ns, loss.last_ns, timeline)) writer.add_loss(loss);
    }
  }
  for (const auto& [place, damage] : damage_) {
    if (damage.events == 0) continue;
    writer.add_loss({format::LossCause::kWriteError, damage.events, totals.first_ns, totals.last_ns});
  }
}

void Slice::print(const Session& session, const format::TraceCheck& made) const {
  session.out.append(fmt::format("{}: {} event{}, {} bytes; read back and found whole\n", escaped(output_),
                                 count_text(made.totals.events), made.totals.events == 1 ? "" : "s",
                                 count_text(made.bytes)));
  if (!redaction_) return;
  session.out.append(fmt::format(
      "{}: redacted with key {}{}\n", escaped(output_), redaction_->key_id(),
      key_file_.empty() ? ", which nobody has: this trace compares with no other; --redact-key gives one"
                        : ""));
}

Result<Coverage> Slice::run(const Session& session) {
  const auto on_damage = [&](const std::string& name, const format::Damage& damage) {
    session.note(damage_text(damage));
    damage_.try_emplace({name, damage.offset}, damage);
  };
  for (const auto& glob : keep_) {
    if (const auto note = format::relative_pattern_note("--redact-keep", glob); !note.empty())
      session.note(note);
  }
  auto set = TraceSet::open(session.options.traces, session.note, on_damage);
  if (!set) return set.error();
  const auto& members = set->members();
  if (members.back().session != members.front().session) {
    return Error{"slice takes one recording", members.back().name, 0,
                 "the clocks of two have no common order"};
  }
  auto condition = look_ahead(session, *set);
  if (!condition) return condition.error();
  auto origin = origin_of(*set);
  if (!origin) return origin.error();
  auto meta = origin->meta;
  if (redaction_) {
    redaction_->apply(meta);
    meta.redacted = true;
    meta.redaction_key_id = redaction_->key_id();
  }
  auto target = NewTrace::create(output_);
  if (!target) return target.error();
  format::TraceWriterOptions options;
  options.session = format::random_uuid();  // a slice is a recording of its own
  options.file = format::random_uuid();
  options.zstd_level = level_ ? static_cast<int>(*level_) : kDefaultLevel;
  options.time_unit_ns = std::max(1U, meta.time_unit_ns);  // 0 if META is lost
  auto writer = format::TraceWriter::create(target->take_sink(), options, meta);
  if (!writer) return writer.error();
  TraceCopy copy(**writer, redaction_ ? &*redaction_ : nullptr, std::move(origin->clocks));
  SliceQuery query(copy, ids_for(*set, *condition), redaction_.has_value());
  const ScanOptions scan_options{session.options.threads, false, session.options.time_style()};
  Scan scan(*set, *condition, scan_options, session.note, session.progress);
  auto coverage = scan.run(query);
  if (!coverage) return coverage.error();
  if (!query.status()) return query.status().error();
  if (session.options.verbose) session.note(counts_text(scan.counts()));
  if (redaction_ && query.unknown_columns() != 0) {
    session.note(fmt::format("left out {} column{} of a later version, in which names could be",
                             query.unknown_columns(), query.unknown_columns() == 1 ? "" : "s"));
  }
  add_losses(*set, *condition, (*writer)->totals(), **writer);
  for (const auto& loss : query.lost_paths()) (*writer)->add_loss(loss);
  auto end = std::move(origin->end);
  // The cost of the whole recording is not that of this part.
  if (*condition) end.cost = {};
  if (auto finished = copy.finish(std::move(end)); !finished) return finished.error();
  auto made = target->publish(copy.events());
  if (!made) return made.error();
  print(session, *made);
  return coverage;
}

}  // namespace

constexpr VerbEntry kSliceVerb{
    .name = "slice",
    .summary = "cut out a part as a new trace, its names hashed on request",
    .synopsis = "TRACE... -o OUT [FILTERS] [OPTIONS]",
    .about =
        R"(Writes the events that the filters want to a new trace. With times only, blocks that lie inside are copied as they
are, and all names come along, also those of processes that did nothing then. With other filters, several files
or --level, everything is encoded anew, and the new trace names only the processes and paths of its events; a
parent that has no event before is left out. What META says of the recording (host, command, mounts) is kept:
--redact hashes that too. OUT appears only when it was read back and found whole.

  rfanreplay slice trace.fbz --since +90s --until +100s -o ten_seconds.fbz
  rfanreplay slice trace.fbz --tree 4711 -o one_job.fbz
  rfanreplay slice trace.fbz --level 19 -o small.fbz
  rfanreplay slice trace.fbz --redact --redact-key key --redact-keep /usr/include/ -o to_share.fbz
)",
    .groups = kTakesFilters | kTakesThreads | kMakesTrace,
    .make = make_verb<Slice>};

}  // namespace rfan::replay
