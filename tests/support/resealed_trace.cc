#include "tests/support/resealed_trace.h"

#include <flatbuffers/flatbuffers.h>

#include <algorithm>
#include <string>

#include "format/base/limits.h"
#include "format/columns/block_encoder.h"
#include "format/wire/block_statistics.h"
#include "format/wire/flatbuffer_bytes.h"
#include "format/wire/frame.h"
#include "format/wire/metadata.h"
#include "format/wire/zstd_codec.h"
#include "trace_generated.h"

namespace rfan::tests {

using format::FrameType;

namespace {

// Appends frames to a file, and keeps the records of an INDEX for them.
class Sealer {
 public:
  explicit Sealer(const format::FileHeader& header) : seed_(header.file) {
    format::append_header(header, file_);
    part_.first_frame = file_.size();
  }

  void add(const LooseFrame& frame) {
    format::FrameRecord record;
    record.type = frame.type;
    format::BlockStatistics statistics;
    if (frame.is(FrameType::kEvents) && !format::check_block(frame.meta, frame.body.size(), statistics)) {
      record.count = static_cast<std::uint32_t>(statistics.totals.events);
      record.first_ns = statistics.totals.first_ns;
      record.last_ns = statistics.totals.last_ns;
      part_.totals.merge(statistics.totals);
    }
    last_ = file_.size();
    format::append_frame(frame.type, number_++, last_, seed_, frame.meta, frame.body, file_);
    record.length = file_.size() - last_;
    part_.frames.push_back(record);
  }

  // The INDEX of the frames listed so far. add_index() writes it and starts a new list.
  format::IndexPart& part() { return part_; }
  void add_index() {
    auto listed = part_;
    add({FrameType::kIndex, format::encode_index(listed),
         deflated(format::encode_index_frames(listed.frames))});
    part_.previous = last_;
    part_.first_frame = file_.size();
    part_.frames.clear();
  }

  Bytes with_trailer() {
    format::append_trailer(last_, file_.size(), seed_, file_);
    return std::move(file_);
  }
  Bytes file() { return std::move(file_); }

 private:
  format::ChecksumSeed seed_;
  Bytes file_;
  format::IndexPart part_;
  std::uint32_t number_ = 0;
  std::uint64_t last_ = 0;
};

bool in_directory(const LooseFrame& frame) {
  return frame.is(FrameType::kIndex) || frame.is(FrameType::kFooter);
}

// Updates the numbers of names in `summary` from a DICT frame.
void count_names(const LooseFrame& frame, format::TraceSummary& summary) {
  const auto* meta = format::verified_table<format::wire::DictMeta>(frame.meta);
  if (!frame.is(FrameType::kDict) || meta == nullptr) return;
  summary.path_count = meta->first_path() + meta->path_count() - 1;
  summary.process_count = meta->first_process() + meta->process_count() - 1;
}

format::TraceSummary summary_of(const LooseTrace& trace) {
  format::TraceSummary summary;
  for (const auto& frame : trace.frames) {
    std::uint64_t index = 0;
    if (!frame.is(FrameType::kFooter)) continue;
    if (auto found = format::decode_footer(frame.meta, UINT64_MAX, index)) summary = std::move(*found);
  }
  summary.path_count = summary.process_count = 0;
  for (const auto& frame : trace.frames) count_names(frame, summary);
  return summary;
}

}  // namespace

LooseTrace LooseTrace::of(std::span<const std::byte> bytes) {
  LooseTrace trace;
  if (bytes.size() < format::kHeaderBytes) return trace;
  const auto header = format::parse_header(bytes.first<format::kHeaderBytes>());
  if (!header) return trace;
  trace.header = *header;
  const format::ChecksumSeed seed(header->file);
  for (std::size_t at = format::kHeaderBytes; at + format::kFrameHeadBytes <= bytes.size();) {
    const auto head = format::parse_frame_head(bytes.subspan(at).first<format::kFrameHeadBytes>(), at, seed);
    if (!head || head->frame_length() > bytes.size() - at) break;
    const auto meta = bytes.subspan(at + format::kFrameHeadBytes, head->meta_length);
    const auto body = bytes.subspan(at + format::kFrameHeadBytes + head->meta_length, head->body_length);
    trace.frames.push_back(
        {static_cast<FrameType>(head->type), {meta.begin(), meta.end()}, {body.begin(), body.end()}});
    at += static_cast<std::size_t>(head->frame_length());
  }
  return trace;
}

Bytes LooseTrace::sealed() const {
  Sealer sealer(header);
  for (const auto& frame : frames) sealer.add(frame);
  return !frames.empty() && frames.back().is(FrameType::kFooter) ? sealer.with_trailer() : sealer.file();
}

Bytes LooseTrace::sealed_with_directory() const {
  return sealed_with_false_type(frames.size(), {});
}

Bytes LooseTrace::sealed_with_false_type(std::size_t index, FrameType type) const {
  Sealer sealer(header);
  for (std::size_t i = 0; i < frames.size(); ++i) {
    if (in_directory(frames[i])) continue;
    const auto before = sealer.part().totals;
    sealer.add(frames[i]);
    if (i != index) continue;
    sealer.part().totals = before;
    auto& record = sealer.part().frames.back();
    record = {type, record.length};
  }
  auto summary = summary_of(*this);
  summary.totals = sealer.part().totals;
  sealer.add_index();
  sealer.add({FrameType::kFooter, format::encode_footer(summary, sealer.part().previous), {}});
  return sealer.with_trailer();
}

LooseFrame* LooseTrace::find(FrameType type) {
  const auto found =
      std::find_if(frames.begin(), frames.end(), [&](const auto& frame) { return frame.is(type); });
  return found == frames.end() ? nullptr : &*found;
}

Bytes inflated(std::span<const std::byte> body) {
  format::ZstdDecompressor decompressor;
  Bytes bytes;
  if (body.empty() || !decompressor.inflate(body, format::kMaxColumnBytes, bytes)) bytes.clear();
  return bytes;
}

Bytes deflated(std::span<const std::byte> bytes) {
  format::ZstdCompressor compressor(3);
  Bytes body;
  compressor.append_frame(bytes, body);
  return body;
}

LooseFrame meta_frame(const format::TraceMeta& meta) {
  const auto table = format::encode_meta(meta);
  return {FrameType::kMeta, format::encode_meta_head(table.size()), deflated(table)};
}

LooseFrame meta_with_shared_text(std::size_t count, std::size_t text_bytes) {
  flatbuffers::FlatBufferBuilder builder;
  const auto text = format::put_bytes(builder, std::string(text_bytes, 'x'));
  const auto mount = format::wire::CreateMount(builder, text);
  const auto mounts = builder.CreateVector(std::vector(count, mount));
  format::wire::MetaBuilder meta(builder);
  meta.add_mounts(mounts);
  const auto table = format::finished_bytes(builder, meta.Finish());
  return {FrameType::kMeta, format::encode_meta_head(table.size()), deflated(table)};
}

LooseFrame clock_frame(const format::ClockSample& sample) {
  return {FrameType::kClock, format::encode_clock(sample), {}};
}

LooseFrame names_frame(const format::DictionaryBatch& batch) {
  format::DictionaryEncoder encoder;
  format::ZstdCompressor compressor(3);
  LooseFrame frame{FrameType::kDict, {}, {}};
  encoder.encode(batch, compressor, frame.meta, frame.body);
  return frame;
}

LooseFrame events_frame(std::span<const format::Event> events) {
  format::BlockEncoder encoder(1000);
  format::ZstdCompressor compressor(3);
  for (const auto& event : events) encoder.add(event, event.process != 0);
  LooseFrame frame{FrameType::kEvents, {}, {}};
  encoder.seal(compressor, frame.meta, frame.body);
  return frame;
}

LooseFrame footer_frame(const format::TraceSummary& summary) {
  return {FrameType::kFooter, format::encode_footer(summary, 0), {}};
}

LooseTrace trace_of(std::vector<LooseFrame> frames) {
  LooseTrace trace;
  trace.header.version_major = format::kVersionMajor;
  trace.header.file.fill(0x21);
  trace.header.session.fill(0x42);
  format::TraceMeta meta;
  meta.time_unit_ns = 1000;
  meta.kernel = "6.1.0";
  constexpr std::uint64_t kSecond = 1'000'000'000;
  trace.frames.push_back(meta_frame(meta));
  trace.frames.push_back(clock_frame({kSecond, 1'795'343'462 * kSecond, kSecond}));
  for (auto& frame : frames) trace.frames.push_back(std::move(frame));
  return trace;
}

}  // namespace rfan::tests
