#include "replay/query/block_work.h"

#include <algorithm>

namespace rfan::replay {

using format::BlockStatistics;
using format::ColumnSet;
using format::EncodedBlock;
using format::EventColumns;

namespace {

void move_columns(ColumnSet columns, EventColumns& from, EventColumns& to) {
  if (columns & format::kColumnTime) to.time_ns.swap(from.time_ns);
  if (columns & format::kColumnKind) to.kind.swap(from.kind);
  if (columns & format::kColumnFlags) to.flags.swap(from.flags);
  if (columns & format::kColumnProcess) to.process.swap(from.process);
  if (columns & format::kColumnPath) to.path.swap(from.path);
  if (columns & format::kColumnPath2) to.path2.swap(from.path2);
  if (columns & format::kColumnReply) to.reply_ns.swap(from.reply_ns);
  to.missing.paths = std::max(to.missing.paths, from.missing.paths);
  to.missing.processes = std::max(to.missing.processes, from.missing.processes);
}

unsigned bits_in(ColumnSet columns) {
  return static_cast<unsigned>(__builtin_popcount(columns));
}

}  // namespace

BlockWork::BlockWork(const FileContext& context, Sink& sink)
    : context_(context), sink_(sink), counting_(dynamic_cast<CountingSink*>(&sink)) {}

void BlockWork::run(const EncodedBlock& block, std::uint64_t number, ColumnSource& source) {
  const auto& statistics = block.statistics;
  const auto share = context_.filter.judge(statistics, context_.file.timeline);
  if (share == Share::kNone) {
    ++context_.counts.excluded;
    return;
  }
  selection_.all = share == Share::kAll;
  selection_.rows.clear();
  selection_.count = statistics.totals.events;
  if (counting_ != nullptr && count_from_statistics(statistics)) return;
  context_.counts.events += statistics.totals.events;
  if (counting_ != nullptr && count_paths(statistics.totals.events, source)) return;
  if (!select(statistics, source)) return;
  context_.counts.matched += selection_.count;
  if (!selection_.all) {
    if (counting_ != nullptr &&
        counting_->count_masked({statistics, events_, selection_.masks[0], selection_.count})) {
      return;
    }
    Filter::list_rows(selection_);
  }
  sink_.add({context_.file, block, statistics, events_, selection_, number});
}

// Returns true if the sink counted the block without any column.
bool BlockWork::count_from_statistics(const BlockStatistics& statistics) {
  auto matched = statistics.totals.events;
  if (!selection_.all || !counting_->count_block(statistics)) {
    if (!list_processes(statistics) || !counting_->count_processes(process_counts_)) return false;
    matched = 0;
    for (const auto& process : process_counts_) matched += process.events;
  }
  ++context_.counts.from_statistics;
  context_.counts.matched += matched;
  return true;
}

// Lists the selected processes of the block with their events. Returns false if the statistics do not say
// that, or if the filter tests more than processes.
bool BlockWork::list_processes(const BlockStatistics& statistics) {
  // A missing id stands for an unknown process, as decoding will show and report.
  if (statistics.process_events.empty() || !context_.file.dictionary.knows_processes(*statistics.processes)) {
    return false;
  }
  const auto& processes = *statistics.processes;
  process_counts_.clear();
  const auto add = [&](std::size_t i) {
    process_counts_.push_back({processes[i], statistics.process_events[i]});
  };
  if (selection_.all) {
    for (std::size_t i = 0; i < processes.size(); ++i) add(i);
    return true;
  }
  if (context_.filter.columns() != format::kColumnProcess) return false;
  events_.process = processes;
  events_.count = processes.size();
  context_.filter.select(events_, context_.file.timeline, selection_);
  for (const auto row : selection_.rows) add(row);
  return true;
}

// Returns true if the block is done: its paths are counted, or lost.
bool BlockWork::count_paths(std::uint64_t events, ColumnSource& source) {
  if (!selection_.all || context_.projection != format::kColumnPath) return false;
  const auto counters = counting_->path_counters(events);
  if (counters.empty()) return false;
  if (!source.count_paths(counters)) return true;
  ++context_.counts.columns;
  context_.counts.matched += events;
  return true;
}

// Decodes the projection and masks the selected events. Returns false if no event is selected or readable.
bool BlockWork::select(const BlockStatistics& statistics, ColumnSource& source) {
  move_columns(borrowed_, events_, rest_);
  borrowed_ = 0;
  const auto projection = context_.projection;
  if (selection_.all) return decode(projection, events_, source);
  if (!decode_for_filter(statistics, source)) return false;
  context_.filter.mask(events_, context_.file.timeline, selection_);
  if (selection_.count == 0) return false;
  const auto rest = projection & ~context_.filter.columns();
  if (rest == 0) return true;
  if (!decode(rest, rest_, source)) return false;
  move_columns(rest, rest_, events_);
  borrowed_ = rest;
  return true;
}

bool BlockWork::decode_for_filter(const BlockStatistics& statistics, ColumnSource& source) {
  constexpr auto kPaths = format::kColumnPath | format::kColumnPath2;
  auto columns = context_.filter.columns();
  selection_.path_marks.clear();
  const auto test = context_.filter.path_test();
  if (test && (columns & context_.projection & kPaths) == 0) {
    if (!source.mark_paths(*test, selection_.path_marks)) return false;
    context_.counts.columns += bits_in(columns & kPaths);
    columns &= ~kPaths;
  }
  events_.count = statistics.totals.events;
  return columns == 0 || decode(columns, events_, source);
}

bool BlockWork::decode(ColumnSet columns, EventColumns& out, ColumnSource& source) {
  if (!source.decode(columns, out)) return false;
  context_.counts.columns += bits_in(columns);
  return true;
}

}  // namespace rfan::replay
