// Encodes and decodes META, MOUNTS, CLOCK, LOSS, INDEX and FOOTER as FlatBuffers tables. Pure functions.
// Decoding verifies the bytes and returns nothing if they are not such a table. Private to format/.
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

// The entry of one frame in an INDEX. Fields that its type does not use are 0.
struct FrameRecord {
  FrameType type = FrameType::kMeta;
  std::uint64_t length = 0;
  std::uint32_t count = 0;  // events
  std::uint64_t first_ns = 0;
  std::uint64_t last_ns = 0;
};

// A stretch of the file: all frames from `first_frame` up to the INDEX itself.
struct IndexPart {
  std::uint64_t previous = 0;     // offset of the previous INDEX, 0 for the first
  std::uint64_t first_frame = 0;  // offset
  std::vector<FrameRecord> frames;
  TraceTotals totals;  // of all events before the INDEX
};

// The writer adds an INDEX after at most this many frames, so that a writer and a reader of one need little
// memory.
inline constexpr std::size_t kMaxFramesPerIndex = 4096;
// Inflated body of an INDEX: five numbers a frame of at most 10 bytes, and room for fields of a later
// version.
inline constexpr std::size_t kMaxIndexBodyBytes = 64 * 1024 + kMaxFramesPerIndex * 50;

// The FOOTER sums losses by cause if there are more than this; the LOSS frames keep each one.
inline constexpr std::size_t kMaxFooterLosses = 4096;

// encode_meta_head() makes the metadata of META. Its body inflates to the table of encode_meta() and
// schema_text().
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

// encode_index() makes the metadata of an INDEX, encode_index_frames() its inflated body. Decoding takes the
// body as it is in the frame, compressed.
std::vector<std::byte> encode_index(const IndexPart& part);
std::vector<std::byte> encode_index_frames(std::span<const FrameRecord> frames);
std::optional<IndexPart> decode_index(std::span<const std::byte> meta_untrusted,
                                      std::span<const std::byte> body_untrusted,
                                      ZstdDecompressor& decompressor);

std::vector<std::byte> encode_footer(const TraceSummary& summary, std::uint64_t index_offset);
// Returns nothing as well if the FOOTER, which lies at `offset`, counts more events than the frames before it
// can contain. Sets `index_offset` to the offset of the last INDEX.
std::optional<TraceSummary> decode_footer(std::span<const std::byte> bytes_untrusted, std::uint64_t offset,
                                          std::uint64_t& index_offset);

}  // namespace rfan::format
