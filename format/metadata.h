// META, CLOCK, LOSS and FOOTER as FlatBuffers tables. Pure functions; decoding verifies and returns nothing
// when the bytes are not such a table. Private to format/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "format/trace_info.h"
#include "format/wire.h"

namespace rfan::format {

// One line of the FOOTER's directory of frames. Fields that a type has no use for are 0.
struct FrameRecord {
  std::uint64_t offset = 0;
  FrameType type = FrameType::kMeta;
  std::uint32_t count = 0;  // events, losses, or new paths + new processes
  std::uint64_t first_ns = 0;
  std::uint64_t last_ns = 0;
  PathId first_path = 0;
  ProcessId first_process = 0;
};

// Beyond this the FOOTER leaves its directory out (a reader then scans). 1 Mi frames are days of recording.
inline constexpr std::size_t kMaxDirectoryEntries = 1U << 20;
static_assert(kMaxDirectoryEntries * 48 <= kMaxMetaBytes, "the directory must fit into the FOOTER");

// More losses than this are summed by cause in the FOOTER; the LOSS frames keep each one.
inline constexpr std::size_t kMaxFooterLosses = 4096;

std::vector<std::byte> encode_meta(const TraceMeta& meta);
std::optional<TraceMeta> decode_meta(std::span<const std::byte> bytes_untrusted);

std::vector<std::byte> encode_clock(const ClockSample& sample);
std::optional<ClockSample> decode_clock(std::span<const std::byte> bytes_untrusted);

std::vector<std::byte> encode_losses(std::span<const Loss> losses);
std::optional<std::vector<Loss>> decode_losses(std::span<const std::byte> bytes_untrusted);

std::vector<std::byte> encode_footer(const TraceSummary& summary, std::span<const FrameRecord> frames);
std::optional<TraceSummary> decode_footer(std::span<const std::byte> bytes_untrusted);
std::optional<std::vector<FrameRecord>> decode_directory(std::span<const std::byte> bytes_untrusted);

// One entry per cause: summed counts (unknown as soon as one of them is), earliest and latest time.
std::vector<Loss> sum_by_cause(std::span<const Loss> losses);

}  // namespace rfan::format
