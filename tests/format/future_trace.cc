#include "tests/format/future_trace.h"

#include <flatbuffers/flatbuffers.h>

#include <algorithm>

#include "format/columns/column_codec.h"
#include "format/wire/flatbuffer_bytes.h"
#include "format/wire/metadata.h"
#include "format/wire/zstd_codec.h"
#include "tests/format/frame_walk.h"
#include "trace_generated.h"

namespace rfan::tests {
namespace {

using format::FrameType;

class FutureWriter {
 public:
  explicit FutureWriter(std::uint32_t incompat_flags) {
    format::FileHeader header;
    header.version_major = 1;
    header.version_minor = 7;
    header.compat_flags = 1U << 31;
    header.incompat_flags = incompat_flags;
    header.session = fixed_options().session;
    header.file = fixed_options().file;
    format::append_header(header, out_);
  }

  Bytes write(const Bytes& source) {
    for (const auto& frame : frames_of(source)) add(frame, source);
    format::append_trailer(footer_offset_, out_.size(), seed_, out_);
    return out_;
  }

 private:
  void add(const FrameSpan& frame, const Bytes& source) {
    const auto type = static_cast<FrameType>(frame.head.type);
    const Bytes meta(frame.meta(source).begin(), frame.meta(source).end());
    if (type == FrameType::kIndex) return;
    if (type == FrameType::kEvents) return append(type, meta, with_unknown_column(frame.body(source)));
    if (type == FrameType::kFooter) return add_footer(meta);
    if (type == FrameType::kClock) {
      append(static_cast<FrameType>(200), Bytes(24, std::byte{0x5A}), {});
      return append(type, clock_with_unknown_field(meta), {});
    }
    append(type, meta, frame.body(source));
  }

  void add_footer(const Bytes& meta) {
    std::uint64_t index = 0;
    const auto summary = format::decode_footer(meta, UINT64_MAX, index);
    footer_offset_ = out_.size();
    if (summary) append(FrameType::kFooter, format::encode_footer(*summary, 0), {});
  }

  Bytes with_unknown_column(std::span<const std::byte> body) {
    Bytes inflated;
    EXPECT_TRUE(decompressor_.inflate(body, 100'000, inflated));
    format::EncodedColumn column;
    column.encoding = static_cast<format::Encoding>(77);
    column.base = 9;
    column.bytes = {std::byte{1}, std::byte{2}, std::byte{3}};
    format::append_column(column, inflated);
    Bytes compressed;
    compressor_.append_frame(inflated, compressed);
    return compressed;
  }

  static Bytes clock_with_unknown_field(const Bytes& meta) {
    const auto sample = format::decode_clock(meta);
    flatbuffers::FlatBufferBuilder builder;
    const format::wire::ClockSample fields(sample->monotonic_ns, sample->realtime_ns, sample->boottime_ns);
    const auto start = builder.StartTable();
    builder.AddElement<std::uint64_t>(flatbuffers::FieldIndexToOffset(1), 4711, 0);
    builder.AddStruct(flatbuffers::FieldIndexToOffset(0), &fields);
    return format::finished_bytes(builder, flatbuffers::Offset<format::wire::Clock>(builder.EndTable(start)));
  }

  void append(FrameType type, std::span<const std::byte> meta, std::span<const std::byte> body) {
    format::append_frame(type, number_++, out_.size(), seed_, meta, body, out_);
  }

  format::ChecksumSeed seed_{fixed_options().file};
  format::ZstdCompressor compressor_{6};
  format::ZstdDecompressor decompressor_;
  Bytes out_;
  std::uint32_t number_ = 0;
  std::uint64_t footer_offset_ = 0;
};

}  // namespace

Bytes future_trace() {
  return FutureWriter(0).write(sample_trace());
}

Bytes incompatible_trace() {
  return FutureWriter(1U << 5).write(sample_trace());
}

}  // namespace rfan::tests
