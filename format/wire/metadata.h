// META, MOUNTS, CLOCK, LOSS, INDEX and FOOTER as FlatBuffers tables. Pure functions; decoding verifies and
// returns nothing when the bytes are not such a table. Private to format/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "format/model/trace_info.h"
#include "format/wire/wire.h"
#include "format/wire/zstd_codec.h"

namespace rfan::format {

// What an INDEX says of one frame. Fields that a type has no use for are 0.
struct FrameRecord {
  FrameType type = FrameType::kMeta;
  std::uint64_t length = 0;
  std::uint32_t count = 0;  // events
  std::uint64_t first_ns = 0;
  std::uint64_t last_ns = 0;
};

// A stretch of the file: all frames from `first_frame` to the INDEX itself.
struct IndexPart {
  std::uint64_t previous = 0;     // offset of the INDEX before, 0 for the first
  std::uint64_t first_frame = 0;  // offset
  std::vector<FrameRecord> frames;
  TraceTotals totals;  // of all events before the INDEX
};

// An INDEX is written at the latest after this many frames, so that a writer and a reader of one need little
// memory.
inline constexpr std::size_t kMaxFramesPerIndex = 4096;
// Its inflated body: five numbers a frame of at most 10 bytes, and room for fields of a later version.
inline constexpr std::size_t kMaxIndexBodyBytes = 64 * 1024 + kMaxFramesPerIndex * 50;

// More losses than this are summed by cause in the FOOTER; the LOSS frames keep each one.
inline constexpr std::size_t kMaxFooterLosses = 4096;

// The metadata of META; and what its body inflates to: the table and the text of the schema.
std::vector<std::byte> encode_meta_head(std::size_t meta_bytes);
std::vector<std::byte> encode_meta(const TraceMeta& meta);
std::string_view schema_text();
std::optional<TraceMeta> decode_meta(std::span<const std::byte> head_untrusted,
                                     std::span<const std::byte> inflated_untrusted);

std::vector<std::byte> encode_mounts(std::span<const MountCoverage> mounts);
std::optional<std::vector<MountCoverage>> decode_mounts(std::span<const std::byte> bytes_untrusted);

std::vector<std::byte> encode_clock(const ClockSample& sample);
std::optional<ClockSample> decode_clock(std::span<const std::byte> bytes_untrusted);

std::vector<std::byte> encode_losses(std::span<const Loss> losses);
std::optional<std::vector<Loss>> decode_losses(std::span<const std::byte> bytes_untrusted);

// The metadata of an INDEX, and what its body inflates to. Decoding takes the body as it is in the frame.
std::vector<std::byte> encode_index(const IndexPart& part);
std::vector<std::byte> encode_index_frames(std::span<const FrameRecord> frames);
std::optional<IndexPart> decode_index(std::span<const std::byte> meta_untrusted,
                                      std::span<const std::byte> body_untrusted,
                                      ZstdDecompressor& decompressor);

std::vector<std::byte> encode_footer(const TraceSummary& summary, std::uint64_t index_offset);
// `offset` of the FOOTER: it cannot count more events than the frames before it hold.
std::optional<TraceSummary> decode_footer(std::span<const std::byte> bytes_untrusted, std::uint64_t offset,
                                          std::uint64_t& index_offset);

}  // namespace rfan::format
