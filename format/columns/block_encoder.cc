#include "format/columns/block_encoder.h"

#include <algorithm>
#include <cassert>

#include "format/columns/path_column.h"
#include "format/wire/flatbuffer_bytes.h"
#include "format/wire/totals_codec.h"
#include "format/wire/varint.h"
#include "trace_generated.h"

namespace rfan::format {
namespace {

// Returns the process ids as ranges, each as the gap between it and the range before, and its length less
// one. Processes that live at the same time have neighbouring ids, so a few ranges name them all.
template <typename Counts>
std::vector<std::uint8_t> ranges_of(const Counts& processes) {
  std::vector<std::uint8_t> ranges;
  ProcessId next = 0;
  for (std::size_t i = 0; i < processes.size();) {
    std::size_t end = i + 1;
    while (end < processes.size() && processes[end].process == processes[end - 1].process + 1) ++end;
    append_varint(processes[i].process - next, ranges);
    append_varint(end - i - 1, ranges);
    next = processes[end - 1].process + 1;
    i = end;
  }
  return ranges;
}

}  // namespace

BlockEncoder::BlockEncoder(std::uint32_t time_unit_ns) : time_unit_ns_(std::max(time_unit_ns, 1U)) {
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

void BlockEncoder::add(const Event& event, bool has_exe) {
  assert(!full());
  const auto time = time_units(event.time_ns);
  time_.push_back(time);
  kind_.push_back(static_cast<std::uint8_t>(event.kind));
  flags_.push_back(event.flags);
  process_.push_back(event.process);
  path_.push_back(event.path);
  path2_.push_back(event.path2);
  if ((event.flags & kFlagHeld) != 0) {
    reply_.push_back(static_cast<std::uint8_t>(LatencyHistogram::bucket_of(event.reply_ns)));
  }
  note_process(event.process);
  count(event, time * time_unit_ns_, has_exe);
}

void BlockEncoder::count(const Event& event, std::uint64_t time_ns, bool has_exe) {
  if (totals_.events == 0) totals_.first_ns = time_ns;
  totals_.last_ns = time_ns;
  ++totals_.events;
  ++totals_.by_kind[static_cast<std::size_t>(event.kind)];
  totals_.events_with_exe += static_cast<std::uint64_t>(has_exe);
  if ((event.flags & kFlagHeld) != 0) totals_.reply_latency.add(event.reply_ns);
}

void BlockEncoder::note_process(ProcessId process) {
  if (process >= seen_.size()) seen_.resize(std::size_t{process} * 2 + 1);
  auto& seen = seen_[process];
  if (seen.block_number != block_number_) {
    seen = {block_number_, static_cast<std::uint32_t>(present_.size())};
    present_.push_back({process, 0});
  }
  ++present_[seen.position].events;
}

// Calls `sink` with each column, in the order of their ids.
template <typename Sink>
void BlockEncoder::encode_columns(Sink&& sink) {
  encode_delta(time_, scratch_);
  sink(scratch_);
  encode_nibbles(kind_, scratch_);
  sink(scratch_);
  encode_sparse_by_kind(kind_, flags_, scratch_);
  sink(scratch_);
  encode_runs(process_, scratch_);
  sink(scratch_);
  encode_sparse_by_process(process_, path_, next_new_path_, scratch_);
  sink(scratch_);
  encode_planes(path2_, scratch_);
  sink(scratch_);
  encode_held(reply_, scratch_);
  sink(scratch_);
}

void BlockEncoder::seal_jointly(ZstdCompressor& compressor, std::vector<std::byte>& body) {
  inflated_.clear();
  encode_columns([&](const EncodedColumn& column) { append_column(column, inflated_); });
  compressor.append_frame(inflated_, body);
}

void BlockEncoder::seal_apart(ZstdCompressor& compressor, std::vector<std::byte>& body) {
  encode_columns([&](const EncodedColumn& column) {
    inflated_.clear();
    append_column(column, inflated_);
    column_bytes_.push_back(static_cast<std::uint32_t>(compressor.append_frame(inflated_, body)));
  });
}

void BlockEncoder::seal(ZstdCompressor& compressor, std::vector<std::byte>& meta,
                        std::vector<std::byte>& body) {
  assert(!empty());
  body.clear();
  column_bytes_.clear();
  if (small()) {
    seal_jointly(compressor, body);
  } else {
    seal_apart(compressor, body);
  }
  meta = metadata();
  clear();
}

std::vector<std::byte> BlockEncoder::metadata() {
  flatbuffers::FlatBufferBuilder builder;
  const auto kinds = builder.CreateVector(encode_kinds(totals_));
  flatbuffers::Offset<flatbuffers::Vector<std::uint8_t>> processes;
  flatbuffers::Offset<flatbuffers::Vector<std::uint8_t>> process_events;
  if (present_.size() <= kMaxListedProcesses) {
    std::sort(present_.begin(), present_.end(),
              [](const auto& a, const auto& b) { return a.process < b.process; });
    processes = builder.CreateVector(ranges_of(present_));
    if (!column_bytes_.empty()) {
      std::vector<std::uint8_t> counts;
      for (const auto& present : present_) append_varint(present.events - 1, counts);
      process_events = builder.CreateVector(counts);
    }
  }
  flatbuffers::Offset<flatbuffers::Vector<std::uint32_t>> column_bytes;
  if (!column_bytes_.empty()) column_bytes = builder.CreateVector(column_bytes_);
  const auto without_exe = static_cast<std::uint32_t>(totals_.events - totals_.events_with_exe);
  return finished_bytes(
      builder, wire::CreateEventBlock(builder, static_cast<std::uint32_t>(totals_.events), totals_.first_ns,
                                      totals_.last_ns, kinds, processes, column_bytes, without_exe,
                                      time_unit_ns_, process_events));
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
