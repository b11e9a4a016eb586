#include "format/block_statistics.h"

#include <algorithm>

#include "format/flatbuffer_bytes.h"
#include "format/wire.h"
#include "trace_generated.h"

namespace rfan::format {
namespace {

// A column of n events takes at most 8 planes and a bitmap.
std::size_t max_column_bytes(std::size_t events) {
  return std::min(events * 9 + 8, kMaxColumnBytes);
}

std::string check_directory(const wire::EventBlock& block, std::size_t body_bytes) {
  std::uint64_t compressed = 0;
  std::uint32_t known = 0;
  for (flatbuffers::uoffset_t i = 0; i < size_of(block.columns()); ++i) {
    const auto* column = block.columns()->Get(i);
    compressed += column->compressed();
    if (column->column() >= kColumnCount) continue;  // of a later minor version
    if ((known & (1U << column->column())) != 0) return "a column occurs twice";
    known |= 1U << column->column();
    if (column->inflated() > max_column_bytes(block.count()))
      return "a column is larger than its events allow";
    if (column->unit() == 0) return "a column has no unit";
  }
  if (known != kAllColumns) return "a column is missing";
  if (compressed != body_bytes) return "column lengths do not add up to the body";
  return {};
}

bool fill_totals(const wire::EventBlock& block, TraceTotals& totals) {
  totals.events = block.count();
  totals.first_ns = block.first_ns();
  totals.last_ns = block.last_ns();
  totals.events_with_exe = block.events_with_exe();
  std::uint64_t sum = 0;
  for (flatbuffers::uoffset_t i = 0; i < size_of(block.kinds()); ++i) {
    const auto* count = block.kinds()->Get(i);
    if (count->key() >= kEventKindLimit) return false;
    totals.by_kind[count->key()] = count->count();
    sum += count->count();
  }
  for (flatbuffers::uoffset_t i = 0; i < size_of(block.latencies()); ++i) {
    const auto* count = block.latencies()->Get(i);
    if (count->key() >= LatencyHistogram::kBuckets) return false;
    totals.reply_latency.add_bucket(count->key(), count->count());
  }
  return sum == totals.events && totals.events_with_exe <= totals.events && totals.first_ns <= totals.last_ns;
}

bool fill_processes(const wire::EventBlock& block, BlockStatistics& statistics) {
  statistics.processes.reset();
  if (block.processes() == nullptr) return true;
  auto& processes = statistics.processes.emplace();
  std::uint64_t next = 0;
  for (flatbuffers::uoffset_t i = 0; i < size_of(block.processes()); ++i) {
    const auto* range = block.processes()->Get(i);
    if (range->first() < next || range->last() < range->first()) return false;
    if (range->last() - range->first() >= kMaxListedProcesses - processes.size()) return false;
    for (std::uint64_t id = range->first(); id <= range->last(); ++id)
      processes.push_back(static_cast<ProcessId>(id));
    next = std::uint64_t{range->last()} + 1;
  }
  return true;
}

}  // namespace

std::optional<std::uint64_t> block_event_count(std::span<const std::byte> meta_untrusted) {
  const auto* block = verified_table<wire::EventBlock>(meta_untrusted);
  if (block == nullptr || block->count() > kMaxBlockEvents) return {};
  return block->count();
}

std::string check_block(std::span<const std::byte> meta_untrusted, std::size_t body_bytes,
                        BlockStatistics& statistics) {
  const auto* block = verified_table<wire::EventBlock>(meta_untrusted);
  if (block == nullptr) return "metadata is malformed";
  if (block->count() == 0 || block->count() > kMaxBlockEvents) return "event count is out of range";
  if (auto fault = check_directory(*block, body_bytes); !fault.empty()) return fault;
  if (!fill_totals(*block, statistics.totals)) return "statistics contradict each other";
  if (!fill_processes(*block, statistics)) return "process list is malformed";
  return {};
}

}  // namespace rfan::format
