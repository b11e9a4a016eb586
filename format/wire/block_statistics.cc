#include "format/wire/block_statistics.h"

#include <algorithm>
#include <numeric>

#include "format/wire/flatbuffer_bytes.h"
#include "format/wire/totals_codec.h"
#include "format/wire/varint.h"
#include "format/wire/wire.h"
#include "trace_generated.h"

namespace rfan::format {
namespace {

bool fill_totals(const wire::EventBlock& block, TraceTotals& totals) {
  if (block.events_without_exe() > block.count()) return false;
  totals.events = block.count();
  totals.first_ns = block.first_ns();
  totals.last_ns = block.last_ns();
  totals.events_with_exe = totals.events - block.events_without_exe();
  return decode_kinds(block.kinds(), totals) && consistent(totals);
}

bool fill_processes(const wire::EventBlock& block, BlockStatistics& statistics) {
  statistics.processes.reset();
  if (block.processes() == nullptr) return true;
  auto& processes = statistics.processes.emplace();
  VarintReader numbers(block.processes()->data(), block.processes()->size());
  std::uint64_t next = 0;
  while (!numbers.at_end()) {
    const auto first = next + numbers.next_up_to(kMaxProcesses);
    const auto more = numbers.next_up_to(kMaxListedProcesses);
    if (numbers.failed() || first > kMaxProcesses || more >= kMaxListedProcesses - processes.size())
      return false;
    for (auto id = first; id <= first + more; ++id) processes.push_back(static_cast<ProcessId>(id));
    next = first + more + 1;
  }
  return true;
}

// Reads a number for each listed process. The numbers must add up to the event count, so none is missing from
// the list.
bool fill_process_events(const wire::EventBlock& block, BlockStatistics& statistics) {
  statistics.process_events.clear();
  if (block.process_events() == nullptr) return true;
  if (!statistics.processes) return false;
  VarintReader numbers(block.process_events()->data(), block.process_events()->size());
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < statistics.processes->size(); ++i) {
    const auto events = numbers.next_up_to(kMaxBlockEvents - 1) + 1;
    sum += events;
    statistics.process_events.push_back(static_cast<std::uint32_t>(events));
  }
  return !numbers.failed() && numbers.at_end() && sum == block.count();
}

// Checks the body against the column lengths. They are absent if one frame holds all columns; otherwise they
// add up to the body.
bool columns_fill_body(const wire::EventBlock& block, std::size_t body_bytes) {
  const auto* lengths = block.column_bytes();
  if (lengths == nullptr) return body_bytes != 0;
  if (lengths->size() < kColumnCount) return false;
  return std::accumulate(lengths->begin(), lengths->end(), std::uint64_t{0}) == body_bytes;
}

}  // namespace

std::optional<std::uint64_t> block_event_count(std::span<const std::byte> meta_untrusted) {
  const auto* block = verified_table<wire::EventBlock>(meta_untrusted);
  if (block == nullptr || block->count() > kMaxBlockEvents) return {};
  return block->count();
}

Fault check_block(std::span<const std::byte> meta_untrusted, std::size_t body_bytes,
                  BlockStatistics& statistics) {
  const auto* block = verified_table<wire::EventBlock>(meta_untrusted);
  if (block == nullptr) return "metadata is malformed";
  if (block->count() == 0 || block->count() > kMaxBlockEvents) return "event count is out of range";
  if (block->time_unit_ns() == 0) return "the unit of time is 0";
  if (!columns_fill_body(*block, body_bytes)) return "column lengths do not add up to the body";
  if (!fill_totals(*block, statistics.totals)) return "statistics contradict each other";
  if (!fill_processes(*block, statistics)) return "process list is malformed";
  if (!fill_process_events(*block, statistics)) return "events by process do not add up";
  return {};
}

}  // namespace rfan::format
