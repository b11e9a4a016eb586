#include "replay/query/scan.h"

#include <fmt/format.h>

#include <utility>
#include <vector>

#include "format/base/escape.h"
#include "format/trace/trace_file.h"
#include "format/trace/trace_reader.h"
#include "replay/query/block_work.h"
#include "replay/query/file_scan.h"
#include "replay/trace/follow_source.h"

namespace rfan::replay {

using format::ColumnSet;
using format::EventColumns;

namespace {

format::ProcessDetail process_detail(const Query& query, const Filter& filter) {
  using format::ProcessDetail;
  if (((query.columns() | filter.columns()) & format::kColumnProcess) == 0) return ProcessDetail::kNone;
  const auto use = query.name_use();
  const bool command_lines =
      use == NameUse::kAll || use == NameUse::kReferencedWithCommandLines || filter.reads_command_lines();
  return command_lines ? ProcessDetail::kAll : ProcessDetail::kWithoutCommandLine;
}

// Returns true if the query or the filter goes through the names, instead of looking up a few.
bool reads_all_names(const Query& query, const Filter& filter) {
  constexpr auto kNames = format::kColumnProcess | format::kColumnPath | format::kColumnPath2;
  const auto use = query.name_use();
  return use == NameUse::kAll || use == NameUse::kAllWithoutCommandLines || (filter.columns() & kNames) != 0;
}

std::vector<std::size_t> blocks_in_time(const format::TraceFile& trace, const Filter& filter,
                                        const Timeline& timeline) {
  std::vector<std::size_t> blocks;
  for (std::size_t i = 0; i < trace.blocks().size(); ++i) {
    const auto& entry = trace.blocks()[i];
    if (filter.may_match_time(entry.first_ns, entry.last_ns, timeline)) blocks.push_back(i);
  }
  return blocks;
}

// Decodes the columns of a block that a reader has just returned.
class StreamSource : public ColumnSource {
 public:
  StreamSource(format::TraceReader& reader, const format::EncodedBlock& block)
      : reader_(reader), block_(block) {}
  bool decode(ColumnSet columns, EventColumns& out) override {
    return reader_.decode(block_, columns, out).ok();
  }
  bool count_paths(std::span<std::uint32_t> counts) override {
    return reader_.count_paths(block_, counts).ok();
  }
  bool mark_paths(const format::PathMarks& marks, std::vector<std::uint8_t>& out) override {
    return reader_.mark_paths(block_, marks, out).ok();
  }

 private:
  format::TraceReader& reader_;
  const format::EncodedBlock& block_;
};

}  // namespace

Result<Coverage> Scan::run(Query& query) {
  missing_ = set_.incomplete();
  std::uint64_t events = 0;
  for (const auto& member : set_.members()) events += member.events;
  progress_.begin(events);
  for (std::size_t i = 0; i < set_.members().size() && !query.done(); ++i) {
    const auto& member = set_.members()[i];
    const bool follow = options_.follow && !member.complete && i + 1 == set_.members().size();
    const auto status = member.stream ? scan_stream(i, query)
                        : follow      ? follow_file(i, query)
                                      : scan_file(i, query);
    if (!status) return status.error();
  }
  progress_.end();
  return missing_ ? Coverage::kPartial : Coverage::kWhole;
}

Status Scan::scan_file(std::size_t index, Query& query) {
  const auto& member = set_.members()[index];
  const auto timeline = set_.timeline(index);
  auto trace = set_.file(index, note_);
  if (!trace) return trace.error();
  Filter filter(condition_);
  auto blocks = blocks_in_time(**trace, filter, timeline);
  counts_.blocks += (*trace)->blocks().size();
  counts_.outside_time += (*trace)->blocks().size() - blocks.size();
  if (!blocks.empty()) {
    (*trace)->set_dictionary_loading(
        {.processes = process_detail(query, filter), .on_demand = !reads_all_names(query, filter)});
    const auto& dictionary = (*trace)->dictionary_until(blocks.back());
    filter.extend(dictionary);
    const ScanFile file{dictionary, timeline, member.name, index};
    const FileContext context{file, filter, query.columns(), counts_};
    FileScan scan({**trace, context, query, progress_, std::move(blocks)});
    if (auto status = scan.run(options_.threads); !status) return status;
  }
  if (query.done()) return {};
  note_losses_and_doubts((*trace)->losses(), filter, timeline);
  if (!(*trace)->complete()) note_unfinished(member.name);
  note_unknown((*trace)->unknown_frames());
  missing_ = missing_ || (*trace)->damage_count() != 0;
  return {};
}

Status Scan::scan_stream(std::size_t index, Query& query) {
  const auto& member = set_.members()[index];
  auto source = format::open_source(member.path);
  if (!source) return source.error();
  return run_stream(std::move(*source), member.name, index, {}, query);
}

// The file that is being written, and those that rotation begins after it.
Status Scan::follow_file(std::size_t index, Query& query) {
  const auto start = set_.timeline(index).start();
  for (std::optional<std::string> path = set_.members()[index].name; path && !query.done();
       path = next_rotated(*path)) {
    auto source = follow_source(*path);
    if (!source) return source.error();
    if (auto status = run_stream(std::move(*source), *path, index, start, query); !status) return status;
  }
  return {};
}

Status Scan::run_stream(std::unique_ptr<format::ByteSource> source, std::string_view name, std::size_t index,
                        std::optional<RecordingStart> start, Query& query) {
  auto opened = format::TraceReader::open(std::move(source), damage_notes(note_));
  if (!opened) return opened.error();
  auto& reader = **opened;
  Timeline timeline(reader.clocks());
  timeline.set_unit(reader.meta().time_unit_ns);
  if (start) timeline.begin_at(*start);
  const ScanFile file{reader.dictionary(), timeline, name, index};
  Filter filter(condition_);
  query.begin(file);
  const auto sink = query.make_sink(file);
  BlockWork work({file, filter, query.columns(), counts_}, *sink);
  for (std::uint64_t number = 0; !query.done(); ++number) {
    auto block = reader.next_block();
    if (!block) return block.error();
    if (!*block) break;
    ++counts_.blocks;
    timeline.refresh((*block)->statistics.totals.first_ns);
    filter.extend(reader.dictionary());
    StreamSource columns(reader, **block);
    work.run(**block, number, columns);
    if (!query.ordered()) continue;
    if (const auto output = sink->output()) query.consume(file, *output);
    query.flush();
  }
  if (query.done()) return {};
  query.combine(file, *sink);
  const auto summary = reader.footer();
  note_losses_and_doubts(summary ? summary->losses : reader.losses(), filter, timeline);
  if (!reader.complete()) note_unfinished(name);
  note_unknown(reader.unknown_frames());
  missing_ = missing_ || reader.damage_count() != 0;
  return {};
}

void Scan::note_losses_and_doubts(std::span<const format::Loss> losses, const Filter& filter,
                                  const Timeline& timeline) {
  for (const auto& doubt : filter.time_doubts(timeline)) note_(doubt);
  const auto concerned = filter.losses_in_time(losses, timeline);
  TimeFormat time(timeline, options_.time_style);
  for (const auto& sum : sum_losses(concerned)) note_(loss_note(sum, time));
  missing_ = missing_ || !concerned.empty();
}

void Scan::note_unfinished(std::string_view name) {
  note_(fmt::format("{}: {}", escaped(name), unfinished_note()));
  missing_ = true;
}

void Scan::note_unknown(std::uint64_t frames) {
  if (frames != 0) note_(unknown_frames_note(frames));
}

}  // namespace rfan::replay
