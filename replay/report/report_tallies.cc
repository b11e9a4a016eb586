#include "replay/report/report_tallies.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

#include "format/base/byte_sum.h"
#include "format/model/latency_histogram.h"

namespace rfan::replay {

namespace {

using format::EventKind;
using format::kFlagHeld;
using format::LatencyHistogram;

std::uint64_t count_of_kind(const MaskedBatch& batch, EventKind kind) {
  const auto* const kinds = batch.events.kind.data();
  const auto* const mask = batch.mask.data();
  return format::count_ones(batch.mask.size(), [=](std::size_t i) {
    return static_cast<std::uint8_t>(mask[i] & static_cast<std::uint8_t>(kinds[i] == kind));
  });
}

// Returns the kinds with the most events first. Often only these have matching events.
std::array<std::size_t, format::kEventKindLimit> frequent_first(
    const std::array<std::uint64_t, format::kEventKindLimit>& events) {
  std::array<std::size_t, format::kEventKindLimit> kinds{};
  std::iota(kinds.begin(), kinds.end(), std::size_t{0});
  std::sort(kinds.begin(), kinds.end(), [&](auto a, auto b) { return events[a] > events[b]; });
  return kinds;
}

}  // namespace

ReportTallies::ReportTallies(const ReportSpec& spec, Grouping& grouping)
    : grouping_(grouping),
      pairing_(spec.short_ns),
      count_only_(!spec.wants(Measure::kOpens) && !spec.wants_times() && !spec.wants(Measure::kWait)),
      opens_(spec.wants(Measure::kOpens)),
      reopens_(spec.wants(Measure::kReopens)),
      short_(spec.wants(Measure::kShort)),
      files_(spec.wants(Measure::kFiles)),
      times_(spec.wants_times()),
      wait_(spec.wants(Measure::kWait)),
      latencies_(spec.wants_latencies()) {}

void ReportTallies::add(const Batch& batch) {
  grouping_.extend();
  make_room();
  if (count_only_) {
    count(batch);
  } else {
    batch.for_each_row([&](std::uint32_t row) { tally(batch.events, row); });
  }
  if (reopens_ || files_ || short_ || latencies_) {
    batch.for_each_row([&](std::uint32_t row) { collect(batch.events, row); });
  }
}

bool ReportTallies::count_block(const format::BlockStatistics& statistics) {
  if (!counts_events()) return false;
  if (grouping_.by_process() || grouping_.by_path()) return false;
  make_room();
  if (!grouping_.by_kind()) return add_events(0, statistics.totals.events), true;
  for (std::size_t kind = 0; kind < statistics.totals.by_kind.size(); ++kind) {
    if (statistics.totals.by_kind[kind] != 0) add_events(kind, statistics.totals.by_kind[kind]);
  }
  return true;
}

bool ReportTallies::count_processes(std::span<const ProcessCount> counts) {
  if (!counts_events()) return false;
  if (grouping_.by_path() || grouping_.by_kind()) return false;
  grouping_.extend();
  make_room();
  const auto& classes = grouping_.process_classes();
  for (const auto& [process, events] : counts) {
    add_events(grouping_.by_process() ? Grouping::process_code(classes[process]) : 0, events);
  }
  return true;
}

std::span<std::uint32_t> ReportTallies::path_counters(std::uint64_t events) {
  if (!counts_events() || grouping_.by_process() || grouping_.by_kind()) return {};
  grouping_.extend();
  make_room();
  expect_ids(events);
  path_counts_.resize(grouping_.path_classes().size());
  return path_counts_;
}

bool ReportTallies::count_masked(const MaskedBatch& batch) {
  if (!counts_events() || grouping_.by_process() || grouping_.by_path() || !grouping_.by_kind()) return false;
  std::array<std::uint64_t, format::kEventKindLimit> by_kind{};
  auto left = batch.count;
  for (const auto kind : frequent_first(batch.statistics.totals.by_kind)) {
    if (left == 0 || batch.statistics.totals.by_kind[kind] == 0) break;
    left -= by_kind[kind] = count_of_kind(batch, static_cast<EventKind>(kind));
  }
  if (left != 0) return false;  // the statistics miss events that the columns have
  make_room();
  for (std::size_t kind = 0; kind < by_kind.size(); ++kind) {
    if (by_kind[kind] != 0) add_events(kind, by_kind[kind]);
  }
  return true;
}

std::unique_ptr<BlockOutput> ReportTallies::output() {
  return short_ ? std::unique_ptr<BlockOutput>(pairing_.finish_block()) : nullptr;
}

std::size_t ReportTallies::group_count() {
  collect_ids();
  const auto has_events = [](const Tally& tally) { return tally.events != 0; };
  return tallies_.size() + static_cast<std::size_t>(std::count_if(dense_.begin(), dense_.end(), has_events)) +
         dense_counts_.size() -
         static_cast<std::size_t>(std::count(dense_counts_.begin(), dense_counts_.end(), 0U));
}

// Returns true if only events are counted.
bool ReportTallies::counts_events() const {
  return count_only_ && !reopens_ && !files_ && !short_ && !latencies_;
}

void ReportTallies::count(const Batch& batch) {
  const bool process = grouping_.by_process();
  const bool path = grouping_.by_path();
  if (grouping_.by_kind() && !process && !path) return count_kinds(batch);
  if (grouping_.by_kind() || (process && path)) {
    return batch.for_each_row(
        [&](std::uint32_t row) { add_events(grouping_.code_of(batch.events, row), 1); });
  }
  if (process) return count_ids(batch, batch.events.process, grouping_.process_classes().size());
  if (path) return count_ids(batch, batch.events.path, grouping_.path_classes().size());
  add_events(0, batch.selection.count);
}

void ReportTallies::count_kinds(const Batch& batch) {
  std::array<std::array<std::uint32_t, format::kEventKindLimit>, 2> by_kind{};
  std::size_t turn = 0;  // as in count_ids()
  batch.for_each_row(
      [&](std::uint32_t row) { ++by_kind[turn++ & 1U][static_cast<std::size_t>(batch.events.kind[row])]; });
  for (std::size_t kind = 0; kind < format::kEventKindLimit; ++kind) {
    const auto events = std::uint64_t{by_kind[0][kind]} + by_kind[1][kind];
    if (events != 0) add_events(kind, events);
  }
}

// Increments one counter for each event, by dictionary id; collect_ids() turns ids into groups. Events of one
// process or path come in runs, so two counters take turns: an increment then need not wait for the one
// before it.
void ReportTallies::count_ids(const Batch& batch, const std::vector<std::uint32_t>& ids,
                              std::size_t dictionary_size) {
  expect_ids(batch.selection.count);
  by_id_.resize(2 * dictionary_size);
  auto* const by_id = by_id_.data();
  std::size_t turn = 0;
  batch.for_each_row([&](std::uint32_t row) { ++by_id[2 * std::size_t{ids[row]} + (turn++ & 1U)]; });
}

// Prevents an overflow of the counters by id.
void ReportTallies::expect_ids(std::uint64_t events) {
  constexpr std::uint64_t kMaxUncollected = 1U << 31U;  // well below the maximum of a counter
  uncollected_ += events;
  if (uncollected_ > kMaxUncollected) collect_ids(), uncollected_ = events;
}

void ReportTallies::collect_ids() {
  for (std::size_t id = 0; id < path_counts_.size(); ++id) {
    const auto events = std::exchange(path_counts_[id], 0U);
    if (events != 0) add_events(Grouping::path_code(grouping_.path_classes()[id]), events);
  }
  const bool process = grouping_.by_process();
  const auto& classes = process ? grouping_.process_classes() : grouping_.path_classes();
  for (std::size_t id = 0; 2 * id < by_id_.size(); ++id) {
    const auto events = std::uint64_t{by_id_[2 * id]} + by_id_[2 * id + 1];
    if (events == 0) continue;
    by_id_[2 * id] = by_id_[2 * id + 1] = 0;
    add_events(process ? Grouping::process_code(classes[id]) : Grouping::path_code(classes[id]), events);
  }
}

void ReportTallies::make_room() {
  if (!grouping_.dense()) return;
  if (count_only_) {
    dense_counts_.resize(grouping_.dense_count());
  } else {
    dense_.resize(grouping_.dense_count());
  }
}

// Adds events to a group. Used if only events are counted.
void ReportTallies::add_events(GroupCode code, std::uint64_t events) {
  if (grouping_.dense()) {
    dense_counts_[grouping_.dense_index(code)] += events;
  } else {
    slot(code).events += events;
  }
}

Tally& ReportTallies::slot(GroupCode code) {
  if (!dense_.empty()) return dense_[grouping_.dense_index(code)];
  if (code != last_code_ || last_ == nullptr) {
    last_ = &tallies_[code];
    last_code_ = code;
  }
  return *last_;
}

void ReportTallies::tally(const format::EventColumns& events, std::uint32_t row) {
  auto& tally = slot(grouping_.code_of(events, row));
  ++tally.events;
  if (opens_) tally.opens += events.kind[row] == EventKind::kOpen;
  if (wait_) tally.wait_ns += events.reply_ns[row];
  if (!times_) return;
  const auto time_ns = events.time_ns[row];
  tally.first_ns = std::min(tally.first_ns, time_ns);
  tally.last_ns = std::max(tally.last_ns, time_ns);
}

void ReportTallies::collect(const format::EventColumns& events, std::uint32_t row) {
  const auto code = grouping_.code_of(events, row);
  if (files_ && events.path[row] != 0) paths_of_groups.insert({code, events.path[row]});
  if (latencies_ && (events.flags[row] & kFlagHeld)) {
    ++buckets[code << 8U | LatencyHistogram::bucket_of(events.reply_ns[row])];
  }
  if (!reopens_ && !short_) return;
  if (events.process[row] == 0 || events.path[row] == 0) return;
  const auto pair = pair_of(events.process[row], events.path[row]);
  if (reopens_ && events.kind[row] == EventKind::kOpen) ++opens_of_pairs[{code, pair}];
  if (short_) pairing_.add(pair, events.kind[row], events.time_ns[row], code, short_opens);
}

}  // namespace rfan::replay
