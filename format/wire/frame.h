// Writes and parses the fixed-width records of the file: HEADER, the head of a FRAME, TRAILER. Pure
// functions. Private to format/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "format/model/trace_info.h"
#include "format/wire/checksum.h"
#include "format/wire/wire.h"

namespace rfan::format {

void append_header(const FileHeader& header, std::vector<std::byte>& out);

// Checks layout and checksum only; returns nothing if they are wrong. The caller decides whether version and
// flags are known.
std::optional<FileHeader> parse_header(std::span<const std::byte, kHeaderBytes> bytes_untrusted);

struct FrameHead {
  std::uint8_t type = 0;
  std::uint8_t flags = 0;
  std::uint32_t meta_length = 0;
  std::uint32_t number = 0;
  std::uint32_t body_length = 0;
  std::uint32_t meta_checksum = 0;
  std::uint64_t body_checksum = 0;

  bool is(FrameType wanted) const { return type == static_cast<std::uint8_t>(wanted); }
  std::uint64_t frame_length() const { return kFrameHeadBytes + std::uint64_t{meta_length} + body_length; }
};

// Appends a whole frame that will lie at `file_offset`.
void append_frame(FrameType type, std::uint32_t number, std::uint64_t file_offset, const ChecksumSeed& seed,
                  std::span<const std::byte> meta, std::span<const std::byte> body,
                  std::vector<std::byte>& out);

// Returns nothing if the bytes are not the head of a frame that lies at `file_offset` of this very file, or
// if a length exceeds limits.h. A returned head can be trusted as far as its checksum goes.
std::optional<FrameHead> parse_frame_head(std::span<const std::byte, kFrameHeadBytes> bytes_untrusted,
                                          std::uint64_t file_offset, const ChecksumSeed& seed);

void append_trailer(std::uint64_t footer_offset, std::uint64_t file_offset, const ChecksumSeed& seed,
                    std::vector<std::byte>& out);

// Returns true if the bytes begin like a TRAILER.
bool looks_like_trailer(std::span<const std::byte> bytes_untrusted);

// Returns the offset of the FOOTER, or nothing if the trailer is damaged or belongs to another file.
std::optional<std::uint64_t> parse_trailer(std::span<const std::byte, kTrailerBytes> bytes_untrusted,
                                           std::uint64_t file_offset, const ChecksumSeed& seed);

// Returns "frame 12 (EVENTS)", for messages.
std::string describe_frame(const FrameHead& head);

}  // namespace rfan::format
