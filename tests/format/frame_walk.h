// Finds the frames of an undamaged trace in memory, by a walk along their heads.
#pragma once

#include <gtest/gtest.h>

#include <vector>

#include "format/wire/frame.h"
#include "tests/format/trace_fixture.h"

namespace rfan::tests {

struct FrameSpan {
  std::size_t offset = 0;
  format::FrameHead head;

  std::span<const std::byte> meta(const Bytes& bytes) const {
    return std::span(bytes).subspan(offset + format::kFrameHeadBytes, head.meta_length);
  }
  std::span<const std::byte> body(const Bytes& bytes) const {
    return std::span(bytes).subspan(offset + format::kFrameHeadBytes + head.meta_length, head.body_length);
  }
};

// Returns the frames of a file with the uuid of fixed_options().
inline std::vector<FrameSpan> frames_of(const Bytes& bytes) {
  const format::ChecksumSeed seed(fixed_options().file);
  std::vector<FrameSpan> frames;
  for (std::size_t at = format::kHeaderBytes; at + format::kFrameHeadBytes <= bytes.size();) {
    const auto head =
        format::parse_frame_head(std::span(bytes).subspan(at).first<format::kFrameHeadBytes>(), at, seed);
    if (!head) break;
    frames.push_back({at, *head});
    at += static_cast<std::size_t>(head->frame_length());
  }
  return frames;
}

// Returns frame number `index` of a type.
inline FrameSpan find_frame(const Bytes& bytes, format::FrameType type, std::size_t index) {
  for (const auto& frame : frames_of(bytes)) {
    if (frame.head.is(type) && index-- == 0) return frame;
  }
  ADD_FAILURE() << "no such frame";
  return {};
}

}  // namespace rfan::tests
