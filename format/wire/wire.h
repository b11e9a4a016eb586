// Defines widths, magics and enumerations of the file layout; TRACE_FORMAT.md gives their meaning. Private to
// format/.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "format/base/limits.h"

namespace rfan::format {

static_assert(std::endian::native == std::endian::little,
              "integers are copied to the file as they lie in memory");

// Magics of the zstd skippable frames, which carry everything that is not compressed.
inline constexpr std::uint32_t kSkippableFixed = 0x184D2A50;  // HEADER and TRAILER
inline constexpr std::uint32_t kSkippableFrame = 0x184D2A5F;  // FRAME
inline constexpr std::uint32_t kZstdMagic = 0xFD2FB528;       // an ordinary zstd frame
inline constexpr std::size_t kSkippableHeadBytes = 8;         // magic and size

inline constexpr std::string_view kFileMagic{"RFANFBZ\n", 8};
inline constexpr std::string_view kTrailerMagic{"RFANEND\n", 8};
inline constexpr std::string_view kSyncMark{"\xA7rf\xF5", 4};

// Sizes with the skippable head.
inline constexpr std::size_t kHeaderBytes = 72;
inline constexpr std::size_t kFrameHeadBytes = 40;
inline constexpr std::size_t kTrailerBytes = 40;
static_assert(kMaxMetaBytes + kFrameHeadBytes <= UINT32_MAX, "a skippable frame has a 32-bit size");

enum class FrameType : std::uint8_t {
  kMeta = 1,
  kDict = 2,
  kEvents = 3,
  kClock = 4,
  kLoss = 5,
  kIndex = 6,
  kFooter = 7,
  kMounts = 8,
};

// Returns true for a type of this version whose frames have no events. Frames of a later version may have
// some.
inline bool holds_no_events(std::uint8_t type) {
  return type >= static_cast<std::uint8_t>(FrameType::kMeta) &&
         type <= static_cast<std::uint8_t>(FrameType::kMounts) &&
         type != static_cast<std::uint8_t>(FrameType::kEvents);
}

// Incompat flags that this version knows (none yet). Any other bit refuses the file.
inline constexpr std::uint32_t kKnownIncompatFlags = 0;
// Frame flag bits 0-3 change how a frame is read, so an unknown one makes the frame unreadable. Bits 4-7 do
// not.
inline constexpr std::uint8_t kFrameFlagsMustKnow = 0x0F;

enum class ColumnId : std::uint8_t {
  kTime = 0,
  kKind = 1,
  kFlags = 2,
  kProcess = 3,
  kPath = 4,
  kPath2 = 5,
  kReply = 6,
};
inline constexpr std::size_t kColumnCount = 7;

enum class Encoding : std::uint8_t {
  kConstant = 0,
  kPlanes = 1,
  kDelta = 2,
  kSparseByKind = 3,
  kSparseByProcess = 4,
  kHeld = 5,
  kRuns = 6,
  kNibbles = 7,
};

// Blocks with more processes than this do not list them: the list would cost more than its pruning saves.
inline constexpr std::size_t kMaxListedProcesses = 4096;

// Blocks of up to this many events have all columns in one zstd frame; larger blocks have a frame for each
// column.
inline constexpr std::size_t kMaxJointEvents = 2048;

// The writer adds an INDEX after at most this many blocks.
inline constexpr std::size_t kBlocksPerIndex = 64;

template <typename T>
T load_le(const std::byte* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

template <typename T>
void store_le(std::byte* to, T value) {
  std::memcpy(to, &value, sizeof value);
}

inline bool starts_with(std::span<const std::byte> bytes, std::string_view text) {
  return bytes.size() >= text.size() && std::memcmp(bytes.data(), text.data(), text.size()) == 0;
}

}  // namespace rfan::format
