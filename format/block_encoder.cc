#include "format/block_encoder.h"

#include <algorithm>

#include "format/flatbuffer_bytes.h"
#include "trace_generated.h"

namespace rfan::format {
namespace {

std::vector<wire::Count> kind_counts(const TraceTotals& totals) {
  std::vector<wire::Count> counts;
  for (std::size_t kind = 0; kind < kEventKindLimit; ++kind) {
    if (totals.by_kind[kind] != 0) {
      counts.emplace_back(static_cast<std::uint16_t>(kind), static_cast<std::uint32_t>(totals.by_kind[kind]));
    }
  }
  return counts;
}

std::vector<wire::Count> latency_counts(const LatencyHistogram& histogram) {
  std::vector<wire::Count> counts;
  for (std::size_t bucket = 0; bucket < LatencyHistogram::kBuckets; ++bucket) {
    const auto count = histogram.count_in(bucket);
    if (count != 0)
      counts.emplace_back(static_cast<std::uint16_t>(bucket), static_cast<std::uint32_t>(count));
  }
  return counts;
}

// Ids of processes that live at the same time lie close together, so that a few ranges name them all.
std::vector<wire::ProcessRange> ranges_of(std::vector<ProcessId>& processes) {
  std::sort(processes.begin(), processes.end());
  std::vector<wire::ProcessRange> ranges;
  for (std::size_t i = 0; i < processes.size();) {
    std::size_t end = i + 1;
    while (end < processes.size() && processes[end] == processes[end - 1] + 1) ++end;
    ranges.emplace_back(processes[i], processes[end - 1]);
    i = end;
  }
  return ranges;
}

}  // namespace

BlockEncoder::BlockEncoder(std::uint32_t time_unit_ns, std::uint32_t reply_unit_ns)
    : time_unit_ns_(std::max(time_unit_ns, 1U)), reply_unit_ns_(std::max(reply_unit_ns, 1U)) {
  time_.reserve(kMaxBlockEvents);
  kind_.reserve(kMaxBlockEvents);
  flags_.reserve(kMaxBlockEvents);
  process_.reserve(kMaxBlockEvents);
  path_.reserve(kMaxBlockEvents);
  path2_.reserve(kMaxBlockEvents);
  reply_.reserve(kMaxBlockEvents);
}

std::uint64_t BlockEncoder::time_units(std::uint64_t time_ns) {
  if (time_ns > last_time_ns_) {
    last_time_ns_ = time_ns;
    last_time_units_ = time_ns / time_unit_ns_;
  }
  return last_time_units_;
}

std::uint32_t BlockEncoder::reply_units(const Event& event) const {
  if ((event.flags & kFlagHeld) == 0) return 0;
  const auto rounded = std::uint64_t{event.reply_ns} + reply_unit_ns_ / 2;
  return static_cast<std::uint32_t>(rounded / reply_unit_ns_);
}

void BlockEncoder::add(const Event& event, bool has_exe) {
  const auto time = time_units(event.time_ns);
  const auto reply = reply_units(event);
  time_.push_back(time);
  kind_.push_back(static_cast<std::uint8_t>(event.kind));
  flags_.push_back(event.flags);
  process_.push_back(event.process);
  path_.push_back(event.path);
  path2_.push_back(event.path2);
  reply_.push_back(reply);
  note_process(event.process);
  const auto reply_ns = std::min<std::uint64_t>(std::uint64_t{reply} * reply_unit_ns_, UINT32_MAX);
  count(event, time * time_unit_ns_, static_cast<std::uint32_t>(reply_ns), has_exe);
}

void BlockEncoder::count(const Event& event, std::uint64_t time_ns, std::uint32_t reply_ns, bool has_exe) {
  if (totals_.events == 0) totals_.first_ns = time_ns;
  totals_.last_ns = time_ns;
  ++totals_.events;
  ++totals_.by_kind[static_cast<std::size_t>(event.kind)];
  totals_.events_with_exe += static_cast<std::uint64_t>(has_exe);
  if ((event.flags & kFlagHeld) != 0) totals_.reply_latency.add(reply_ns);
}

void BlockEncoder::note_process(ProcessId process) {
  if (process >= seen_in_.size()) seen_in_.resize(std::size_t{process} * 2 + 1);
  if (seen_in_[process] == block_number_) return;
  seen_in_[process] = block_number_;
  present_.push_back(process);
}

void BlockEncoder::seal_column(ColumnId id, std::uint32_t unit, ZstdCompressor& compressor,
                               std::vector<std::byte>& body) {
  const auto inflated = scratch_.bytes.size();
  const auto compressed = inflated == 0 ? 0 : compressor.append_frame(scratch_.bytes, body);
  sealed_.push_back({id, unit, scratch_.encoding, scratch_.width, scratch_.base, compressed, inflated});
}

void BlockEncoder::seal_columns(ZstdCompressor& compressor, std::vector<std::byte>& body) {
  encode_delta_planes(time_, scratch_);
  seal_column(ColumnId::kTime, time_unit_ns_, compressor, body);
  encode_planes(kind_, scratch_);
  seal_column(ColumnId::kKind, 1, compressor, body);
  encode_sparse_by_kind(kind_, flags_, scratch_);
  seal_column(ColumnId::kFlags, 1, compressor, body);
  encode_planes(process_, scratch_);
  seal_column(ColumnId::kProcess, 1, compressor, body);
  encode_sparse_by_process(process_, path_, next_new_path_, scratch_);
  seal_column(ColumnId::kPath, 1, compressor, body);
  encode_planes(path2_, scratch_);
  seal_column(ColumnId::kPath2, 1, compressor, body);
  encode_sparse_held(flags_, reply_, scratch_);
  seal_column(ColumnId::kReply, reply_unit_ns_, compressor, body);
}

void BlockEncoder::seal(ZstdCompressor& compressor, std::vector<std::byte>& meta,
                        std::vector<std::byte>& body) {
  body.clear();
  sealed_.clear();
  seal_columns(compressor, body);
  meta = metadata();
  clear();
}

std::vector<std::byte> BlockEncoder::metadata() {
  std::vector<wire::Column> columns;
  for (const auto& column : sealed_) {
    columns.emplace_back(static_cast<std::uint8_t>(column.id), static_cast<std::uint8_t>(column.encoding),
                         column.width, std::uint8_t{0}, column.unit, column.base,
                         static_cast<std::uint32_t>(column.compressed),
                         static_cast<std::uint32_t>(column.inflated));
  }
  flatbuffers::FlatBufferBuilder builder;
  const auto kinds = builder.CreateVectorOfStructs(kind_counts(totals_));
  const auto latencies = builder.CreateVectorOfStructs(latency_counts(totals_.reply_latency));
  flatbuffers::Offset<flatbuffers::Vector<const wire::ProcessRange*>> processes;
  if (present_.size() <= kMaxListedProcesses) processes = builder.CreateVectorOfStructs(ranges_of(present_));
  const auto directory = builder.CreateVectorOfStructs(columns);
  return finished_bytes(
      builder, wire::CreateEventBlock(builder, static_cast<std::uint32_t>(totals_.events), totals_.first_ns,
                                      totals_.last_ns, static_cast<std::uint32_t>(totals_.events_with_exe),
                                      kinds, latencies, processes, directory));
}

void BlockEncoder::clear() {
  time_.clear();
  kind_.clear();
  flags_.clear();
  process_.clear();
  path_.clear();
  path2_.clear();
  reply_.clear();
  totals_ = {};
  present_.clear();
  ++block_number_;
}

}  // namespace rfan::format
