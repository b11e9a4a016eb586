#include "format/wire/frame_scanner.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cassert>

#include "format/base/fault.h"
#include "format/wire/block_statistics.h"

namespace rfan::format {
namespace {

constexpr std::size_t kReadStepBytes = 1024 * 1024;
constexpr std::size_t kSearchBytes = 64 * 1024;
constexpr std::size_t kReadAheadBytes = 64 * 1024;

std::string_view as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// `body` has no value if it was skipped.
Fault check_frame(const FrameHead& head, std::span<const std::byte> meta,
                  std::optional<std::span<const std::byte>> body, std::uint64_t seed) {
  if ((head.flags & kFrameFlagsMustKnow) != 0) return fmt::format("unknown frame flags {:#x}", head.flags);
  if (checksum32(meta, seed) != head.meta_checksum) return "metadata checksum differs";
  if (body && checksum(*body, seed) != head.body_checksum) return "body checksum differs";
  return {};
}

// Returns 0 for a frame type without events. Otherwise returns the event count that the metadata states, or
// nothing if the metadata is not whole.
std::optional<std::uint64_t> lost_events(const FrameHead& head, std::span<const std::byte> meta,
                                         std::uint64_t seed) {
  if (holds_no_events(head.type)) return 0;
  if (meta.size() != head.meta_length || checksum32(meta, seed) != head.meta_checksum) return {};
  // A FlatBuffers table must be aligned; the window may hold it anywhere.
  return block_event_count(std::vector(meta.begin(), meta.end()));
}

Error damaged_frame(const ByteSource& source, const std::string& what) {
  return {.what = what, .path = source.name(), .kind = ErrorKind::kDamage};
}

// Reads on until the first `wanted` bytes of the frame were read, or all bytes of a shorter frame.
Status read_up_to(ByteSource& source, std::size_t wanted, PartialFrame& frame) {
  wanted = std::min(wanted, frame.bytes.size());
  if (frame.bytes_read >= wanted) return {};
  const auto missing = std::span(frame.bytes).subspan(frame.bytes_read, wanted - frame.bytes_read);
  auto got = source.read_at(frame.offset + frame.bytes_read, missing);
  if (!got) return got.error();
  if (*got < missing.size()) return damaged_frame(source, "the file became shorter");
  frame.bytes_read = wanted;
  return {};
}

}  // namespace

SourceWindow::SourceWindow(ByteSource& source)
    : source_(source), read_ahead_(source.size() ? kReadAheadBytes : 0) {}

Result<std::span<const std::byte>> SourceWindow::view(std::uint64_t offset, std::size_t length) {
  assert(offset >= start_);
  passed_ = static_cast<std::size_t>(std::min<std::uint64_t>(offset - start_, buffer_.size()));
  const auto have = buffer_.size() - passed_;
  if (have < length) {
    buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(passed_));
    passed_ = 0;
    start_ = offset;
    if (auto filled = fill(length); !filled) return filled.error();
  }
  return std::span<const std::byte>(buffer_).subspan(passed_, std::min(length, buffer_.size() - passed_));
}

// Reads on until the buffer has `length` bytes or the source ends.
Status SourceWindow::fill(std::size_t length) {
  while (buffer_.size() < length) {
    const auto have = buffer_.size();
    const auto wanted = std::min(std::max(length - have, read_ahead_), kReadStepBytes);
    buffer_.resize(have + wanted);
    auto got = source_.read_at(start_ + have, std::span(buffer_).subspan(have));
    buffer_.resize(have + (got ? *got : 0));
    if (!got) return got.error();
    if (*got < wanted) break;
  }
  return {};
}

FrameScanner::FrameScanner(ByteSource& source, const ChecksumSeed& seed, std::uint64_t position,
                           EventBodies bodies, DamageCallback on_damage)
    : source_(source),
      seed_(seed),
      bodies_(bodies),
      window_(source),
      position_(position),
      on_damage_(std::move(on_damage)) {}

void FrameScanner::report(std::uint64_t end, std::string description, std::optional<std::uint64_t> events) {
  if (on_damage_) on_damage_({position_, end - position_, std::move(description), events});
  position_ = end;
}

Result<std::optional<Frame>> FrameScanner::next() {
  while (true) {
    auto bytes = window_.view(position_, kFrameHeadBytes);
    if (!bytes) return bytes.error();
    if (bytes->empty() || trailer_) break;
    if (looks_like_trailer(*bytes)) {
      if (auto passed = pass_trailer(); !passed) return passed.error();
      continue;
    }
    std::optional<FrameHead> head;
    if (bytes->size() == kFrameHeadBytes)
      head = parse_frame_head(bytes->first<kFrameHeadBytes>(), position_, seed_);
    if (!head) {
      if (auto skipped = skip_to_next_head(); !skipped) return skipped.error();
      continue;
    }
    auto frame = read_frame(*head);
    if (!frame || frame->has_value()) return frame;
  }
  auto end = find_end(position_);
  if (!end) return end.error();
  if (*end > position_) report(*end, "bytes behind the trailer");
  return std::optional<Frame>();
}

Status FrameScanner::pass_trailer() {
  auto bytes = window_.view(position_, kTrailerBytes);
  if (!bytes) return bytes.error();
  if (bytes->size() < kTrailerBytes) {
    report(position_ + bytes->size(), "file ends inside the trailer");
    return {};
  }
  const auto footer_offset = parse_trailer(bytes->first<kTrailerBytes>(), position_, seed_);
  if (!footer_offset) {
    report(position_ + kTrailerBytes, "trailer checksum differs");
    return {};
  }
  trailer_ = footer_offset;
  position_ += kTrailerBytes;
  return {};
}

Status FrameScanner::skip_to_next_head() {
  std::uint64_t end = 0;
  auto found = find_head(position_ + 1, end);
  if (!found) return found.error();
  if (*found) {
    report(**found, fmt::format("no valid frame {} here", next_number_));
  } else {
    report(end, end - position_ < kFrameHeadBytes
                    ? fmt::format("file ends inside the head of frame {}", next_number_)
                    : fmt::format("no valid frame {} here or later", next_number_));
  }
  return {};
}

Result<std::optional<std::uint64_t>> FrameScanner::find_head(std::uint64_t from, std::uint64_t& end) {
  while (true) {
    auto bytes = window_.view(from, kSearchBytes);
    if (!bytes) return bytes.error();
    end = from + bytes->size();
    std::size_t at = 0;
    if (find_head_in(*bytes, from, at)) return std::optional<std::uint64_t>(from + at);
    if (bytes->size() < kSearchBytes) return std::optional<std::uint64_t>();
    from += at;
  }
}

// Moves `at` to the first valid head in the bytes, which lie at `offset`, and returns true. If there is none,
// moves `at` to where the search goes on when more bytes are there, and returns false. All marks of one view
// are checked before the next view is taken, because each view may move its bytes.
bool FrameScanner::find_head_in(std::span<const std::byte> bytes, std::uint64_t offset,
                                std::size_t& at) const {
  for (;; ++at) {
    const auto mark = as_text(bytes).find(kSyncMark, at + kSkippableHeadBytes);
    if (mark == std::string_view::npos) {
      constexpr auto kKept = kSkippableHeadBytes + kSyncMark.size() - 1;
      at = std::max(at, bytes.size() - std::min(bytes.size(), kKept));
      return false;
    }
    at = mark - kSkippableHeadBytes;
    if (bytes.size() - at < kFrameHeadBytes) return false;
    if (parse_frame_head(bytes.subspan(at).first<kFrameHeadBytes>(), offset + at, seed_)) return true;
  }
}

Result<std::uint64_t> FrameScanner::find_end(std::uint64_t from) {
  while (true) {
    auto bytes = window_.view(from, kSearchBytes);
    if (!bytes) return bytes.error();
    from += bytes->size();
    if (bytes->size() < kSearchBytes) return from;
  }
}

Result<std::optional<Frame>> FrameScanner::read_frame(const FrameHead& head) {
  const auto length = head.frame_length();
  const bool pass_over = bodies_ == EventBodies::kPassOver && head.is(FrameType::kEvents);
  const auto wanted = pass_over ? kFrameHeadBytes + head.meta_length : static_cast<std::size_t>(length);
  auto bytes = window_.view(position_, wanted);
  if (!bytes) return bytes.error();
  const auto seed = seed_.at(position_);
  const auto behind_head = bytes->subspan(kFrameHeadBytes);
  const auto meta = behind_head.first(std::min<std::size_t>(head.meta_length, behind_head.size()));
  next_number_ = head.number + 1;
  const auto end = pass_over ? source_.size().value_or(UINT64_MAX) : position_ + bytes->size();
  if (end < position_ + length) {
    report(end, "file ends inside " + describe_frame(head), lost_events(head, meta, seed));
    return std::optional<Frame>();
  }
  auto body = pass_over ? std::nullopt : std::optional(behind_head.subspan(meta.size()));
  if (const auto fault = check_frame(head, meta, body, seed)) {
    report(position_ + length, describe_frame(head) + ": " + fault.what, lost_events(head, meta, seed));
    return std::optional<Frame>();
  }
  Frame frame{position_, head, {bytes->begin(), bytes->end()}};
  position_ += length;
  return std::optional<Frame>(std::move(frame));
}

Result<std::optional<FrameHead>> read_head_at(ByteSource& source, const ChecksumSeed& seed,
                                              std::uint64_t offset) {
  std::array<std::byte, kFrameHeadBytes> bytes;
  auto got = source.read_at(offset, bytes);
  if (!got) return got.error();
  if (*got < bytes.size()) return std::optional<FrameHead>();
  return parse_frame_head(bytes, offset, seed);
}

Result<Frame> read_frame_at(ByteSource& source, const ChecksumSeed& seed, std::uint64_t offset) {
  auto head = read_head_at(source, seed, offset);
  if (!head) return head.error();
  if (!*head) return damaged_frame(source, "no valid frame here");
  return read_frame_at(source, seed, offset, (*head)->frame_length());
}

Result<Frame> read_frame_at(ByteSource& source, const ChecksumSeed& seed, std::uint64_t offset,
                            std::uint64_t length) {
  PartialFrame part;
  part.offset = offset;
  part.length = length;
  auto status = read_frame_start(source, seed, length, part);
  if (status) status = read_frame_rest(source, seed, part);
  if (!status) return status.error();
  return Frame{offset, part.head, std::move(part.bytes)};
}

Status read_frame_start(ByteSource& source, const ChecksumSeed& seed, std::size_t first_read,
                        PartialFrame& frame) {
  const auto size = source.size().value_or(0);
  if (frame.length < kFrameHeadBytes || frame.offset > size || frame.length > size - frame.offset) {
    return damaged_frame(source, "the directory of frames is wrong");
  }
  frame.bytes.resize(static_cast<std::size_t>(frame.length));
  frame.bytes_read = 0;
  if (auto read = read_up_to(source, std::max(first_read, kFrameHeadBytes), frame); !read) return read;
  const auto head = parse_frame_head(std::span(frame.bytes).first<kFrameHeadBytes>(), frame.offset, seed);
  if (!head || head->frame_length() != frame.length) {
    return damaged_frame(source, "no valid frame where the directory says");
  }
  frame.head = *head;
  if (auto read = read_up_to(source, kFrameHeadBytes + head->meta_length, frame); !read) return read;
  const auto meta = std::span(frame.bytes).subspan(kFrameHeadBytes, head->meta_length);
  const auto fault = check_frame(*head, meta, {}, seed.at(frame.offset));
  return fault ? damaged_frame(source, describe_frame(*head) + ": " + fault.what) : Status();
}

Status read_frame_rest(ByteSource& source, const ChecksumSeed& seed, PartialFrame& frame) {
  if (auto read = read_up_to(source, frame.bytes.size(), frame); !read) return read;
  const auto body = std::span(frame.bytes).subspan(kFrameHeadBytes + frame.head.meta_length);
  if (checksum(body, seed.at(frame.offset)) == frame.head.body_checksum) return {};
  return damaged_frame(source, describe_frame(frame.head) + ": body checksum differs");
}

std::optional<std::uint64_t> find_footer(ByteSource& source, const ChecksumSeed& seed) {
  const auto size = source.size();
  if (!size || *size < kHeaderBytes + kFrameHeadBytes + kTrailerBytes) return {};
  const auto trailer_offset = *size - kTrailerBytes;
  std::array<std::byte, kTrailerBytes> bytes;
  auto got = source.read_at(trailer_offset, bytes);
  if (!got || *got != bytes.size()) return {};
  const auto offset = parse_trailer(bytes, trailer_offset, seed);
  if (!offset || *offset >= trailer_offset) return {};
  return offset;
}

}  // namespace rfan::format
