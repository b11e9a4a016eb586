#include "format/wire/frame.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace rfan::format {
namespace {

void store_text(std::byte* to, std::string_view text) {
  std::memcpy(to, text.data(), text.size());
}

void store_skippable(std::byte* to, std::uint32_t magic, std::size_t content_bytes) {
  store_le(to, magic);
  store_le(to + 4, static_cast<std::uint32_t>(content_bytes));
}

bool is_skippable(std::span<const std::byte> bytes, std::uint32_t magic, std::size_t content_bytes) {
  return load_le<std::uint32_t>(bytes.data()) == magic &&
         load_le<std::uint32_t>(bytes.data() + 4) == content_bytes;
}

// Returns the checksum of bytes 4-27 and 32-39: everything but the magic and the checksum itself.
std::uint32_t head_checksum(std::span<const std::byte, kFrameHeadBytes> head, std::uint64_t seed) {
  std::array<std::byte, 32> covered;
  std::copy_n(head.begin() + 4, 24, covered.begin());
  std::copy_n(head.begin() + 32, 8, covered.begin() + 24);
  return checksum32(covered, seed);
}

template <std::size_t N>
void append(const std::array<std::byte, N>& bytes, std::vector<std::byte>& out) {
  out.insert(out.end(), bytes.begin(), bytes.end());
}

std::string_view frame_type_name(std::uint8_t type) {
  switch (static_cast<FrameType>(type)) {
    case FrameType::kMeta:
      return "META";
    case FrameType::kDict:
      return "DICT";
    case FrameType::kEvents:
      return "EVENTS";
    case FrameType::kClock:
      return "CLOCK";
    case FrameType::kLoss:
      return "LOSS";
    case FrameType::kIndex:
      return "INDEX";
    case FrameType::kFooter:
      return "FOOTER";
    case FrameType::kMounts:
      return "MOUNTS";
  }
  return {};
}

}  // namespace

void append_header(const FileHeader& header, std::vector<std::byte>& out) {
  std::array<std::byte, kHeaderBytes> bytes{};
  store_skippable(bytes.data(), kSkippableFixed, kHeaderBytes - kSkippableHeadBytes);
  std::byte* content = bytes.data() + kSkippableHeadBytes;
  store_text(content, kFileMagic);
  store_le(content + 8, header.version_major);
  store_le(content + 10, header.version_minor);
  store_le(content + 12, header.compat_flags);
  store_le(content + 16, header.incompat_flags);
  store_le(content + 20, header.file_sequence);
  std::memcpy(content + 24, header.session.data(), header.session.size());
  std::memcpy(content + 40, header.file.data(), header.file.size());
  store_le(content + 56, checksum({content, 56}, 0));
  append(bytes, out);
}

std::optional<FileHeader> parse_header(std::span<const std::byte, kHeaderBytes> bytes_untrusted) {
  if (!is_skippable(bytes_untrusted, kSkippableFixed, kHeaderBytes - kSkippableHeadBytes)) return {};
  const auto content = bytes_untrusted.subspan<kSkippableHeadBytes>();
  if (!starts_with(content, kFileMagic)) return {};
  const std::byte* at = content.data();
  if (load_le<std::uint64_t>(at + 56) != checksum({at, 56}, 0)) return {};
  FileHeader header;
  header.version_major = load_le<std::uint16_t>(at + 8);
  header.version_minor = load_le<std::uint16_t>(at + 10);
  header.compat_flags = load_le<std::uint32_t>(at + 12);
  header.incompat_flags = load_le<std::uint32_t>(at + 16);
  header.file_sequence = load_le<std::uint32_t>(at + 20);
  std::memcpy(header.session.data(), at + 24, header.session.size());
  std::memcpy(header.file.data(), at + 40, header.file.size());
  return header;
}

void append_frame(FrameType type, std::uint32_t number, std::uint64_t file_offset, const ChecksumSeed& seed,
                  std::span<const std::byte> meta, std::span<const std::byte> body,
                  std::vector<std::byte>& out) {
  std::array<std::byte, kFrameHeadBytes> bytes{};
  store_skippable(bytes.data(), kSkippableFrame, kFrameHeadBytes - kSkippableHeadBytes + meta.size());
  std::byte* at = bytes.data();
  store_text(at + 8, kSyncMark);
  at[12] = static_cast<std::byte>(type);
  store_le(at + 16, number);
  store_le(at + 20, static_cast<std::uint32_t>(body.size()));
  store_le(at + 24, checksum32(meta, seed.at(file_offset)));
  store_le(at + 32, checksum(body, seed.at(file_offset)));
  store_le(at + 28, head_checksum(bytes, seed.at(file_offset)));
  append(bytes, out);
  out.insert(out.end(), meta.begin(), meta.end());
  out.insert(out.end(), body.begin(), body.end());
}

std::optional<FrameHead> parse_frame_head(std::span<const std::byte, kFrameHeadBytes> bytes_untrusted,
                                          std::uint64_t file_offset, const ChecksumSeed& seed) {
  constexpr auto kFixedContent = kFrameHeadBytes - kSkippableHeadBytes;
  const std::byte* at = bytes_untrusted.data();
  if (load_le<std::uint32_t>(at) != kSkippableFrame) return {};
  if (!starts_with(bytes_untrusted.subspan(8), kSyncMark)) return {};
  if (load_le<std::uint32_t>(at + 28) != head_checksum(bytes_untrusted, seed.at(file_offset))) return {};
  const auto content_bytes = load_le<std::uint32_t>(at + 4);
  if (content_bytes < kFixedContent || content_bytes - kFixedContent > kMaxMetaBytes) return {};
  FrameHead head;
  head.type = static_cast<std::uint8_t>(at[12]);
  head.flags = static_cast<std::uint8_t>(at[13]);
  head.meta_length = static_cast<std::uint32_t>(content_bytes - kFixedContent);
  head.number = load_le<std::uint32_t>(at + 16);
  head.body_length = load_le<std::uint32_t>(at + 20);
  head.meta_checksum = load_le<std::uint32_t>(at + 24);
  head.body_checksum = load_le<std::uint64_t>(at + 32);
  if (head.body_length > kMaxBodyBytes) return {};
  return head;
}

void append_trailer(std::uint64_t footer_offset, std::uint64_t file_offset, const ChecksumSeed& seed,
                    std::vector<std::byte>& out) {
  std::array<std::byte, kTrailerBytes> bytes{};
  store_skippable(bytes.data(), kSkippableFixed, kTrailerBytes - kSkippableHeadBytes);
  std::byte* content = bytes.data() + kSkippableHeadBytes;
  store_text(content, kTrailerMagic);
  store_le(content + 8, footer_offset);
  store_le(content + 16, seed.file_part());
  store_le(content + 24, checksum({content, 24}, seed.at(file_offset)));
  append(bytes, out);
}

bool looks_like_trailer(std::span<const std::byte> bytes_untrusted) {
  return bytes_untrusted.size() > kSkippableHeadBytes + kTrailerMagic.size() &&
         is_skippable(bytes_untrusted, kSkippableFixed, kTrailerBytes - kSkippableHeadBytes) &&
         starts_with(bytes_untrusted.subspan(kSkippableHeadBytes), kTrailerMagic);
}

std::optional<std::uint64_t> parse_trailer(std::span<const std::byte, kTrailerBytes> bytes_untrusted,
                                           std::uint64_t file_offset, const ChecksumSeed& seed) {
  if (!looks_like_trailer(bytes_untrusted)) return {};
  const std::byte* at = bytes_untrusted.data() + kSkippableHeadBytes;
  if (load_le<std::uint64_t>(at + 16) != seed.file_part()) return {};
  if (load_le<std::uint64_t>(at + 24) != checksum({at, 24}, seed.at(file_offset))) return {};
  return load_le<std::uint64_t>(at + 8);
}

std::string describe_frame(const FrameHead& head) {
  const auto name = frame_type_name(head.type);
  if (name.empty()) return fmt::format("frame {} (type {})", head.number, head.type);
  return fmt::format("frame {} ({})", head.number, name);
}

}  // namespace rfan::format
