#include "replay/report/event_counter.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

#include "format/base/byte_sum.h"

namespace rfan::replay {
namespace {

using format::EventKind;

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

void EventCounter::add(const Batch& batch) {
  make_room();
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

bool EventCounter::count_block(const format::BlockStatistics& statistics) {
  if (grouping_.by_process() || grouping_.by_path()) return false;
  make_room();
  if (!grouping_.by_kind()) return add_events(0, statistics.totals.events), true;
  for (std::size_t kind = 0; kind < statistics.totals.by_kind.size(); ++kind) {
    if (statistics.totals.by_kind[kind] != 0) add_events(kind, statistics.totals.by_kind[kind]);
  }
  return true;
}

bool EventCounter::count_processes(std::span<const ProcessCount> counts) {
  if (grouping_.by_path() || grouping_.by_kind()) return false;
  grouping_.extend();
  make_room();
  const auto& classes = grouping_.process_classes();
  for (const auto& [process, events] : counts) {
    add_events(grouping_.by_process() ? Grouping::process_code(classes[process]) : 0, events);
  }
  return true;
}

std::span<std::uint32_t> EventCounter::path_counters(std::uint64_t events) {
  if (grouping_.by_process() || grouping_.by_kind()) return {};
  grouping_.extend();
  make_room();
  expect_ids(events);
  path_counts_.resize(grouping_.path_classes().size());
  return path_counts_;
}

bool EventCounter::count_masked(const MaskedBatch& batch) {
  if (grouping_.by_process() || grouping_.by_path() || !grouping_.by_kind()) return false;
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

std::size_t EventCounter::group_count() {
  collect_ids();
  return sparse_.size() + dense_.size() -
         static_cast<std::size_t>(std::count(dense_.begin(), dense_.end(), 0U));
}

void EventCounter::count_kinds(const Batch& batch) {
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
void EventCounter::count_ids(const Batch& batch, const std::vector<std::uint32_t>& ids,
                             std::size_t dictionary_size) {
  expect_ids(batch.selection.count);
  by_id_.resize(2 * dictionary_size);
  auto* const by_id = by_id_.data();
  std::size_t turn = 0;
  batch.for_each_row([&](std::uint32_t row) { ++by_id[2 * std::size_t{ids[row]} + (turn++ & 1U)]; });
}

// Prevents an overflow of the counters by id.
void EventCounter::expect_ids(std::uint64_t events) {
  constexpr std::uint64_t kMaxUncollected = 1U << 31U;  // well below the maximum of a counter
  uncollected_ += events;
  if (uncollected_ > kMaxUncollected) collect_ids(), uncollected_ = events;
}

void EventCounter::collect_ids() {
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

void EventCounter::make_room() {
  if (grouping_.dense()) dense_.resize(grouping_.dense_count());
}

void EventCounter::add_events(GroupCode code, std::uint64_t events) {
  if (grouping_.dense()) {
    dense_[grouping_.dense_index(code)] += events;
    return;
  }
  if (code != last_code_ || last_ == nullptr) {
    last_ = &sparse_[code];
    last_code_ = code;
  }
  *last_ += events;
}

}  // namespace rfan::replay
