// Traces that say what a test wants behind checksums that are right: what a hostile writer could make.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "format/model/event.h"
#include "format/model/trace_info.h"
#include "format/wire/dictionary_codec.h"
#include "format/wire/wire.h"

namespace rfan::tests {

using Bytes = std::vector<std::byte>;

struct LooseFrame {
  format::FrameType type = format::FrameType::kMeta;
  Bytes meta;
  Bytes body;  // as it is in the file

  bool is(format::FrameType wanted) const { return type == wanted; }
};

// The frames of a trace, to be changed and sealed again: numbers, seeds and checksums follow from where they
// lie.
struct LooseTrace {
  format::FileHeader header;
  std::vector<LooseFrame> frames;

  // Up to the first byte that is no sound frame.
  static LooseTrace of(std::span<const std::byte> bytes);

  // As the frames are, with a TRAILER behind a FOOTER that is the last.
  Bytes sealed() const;
  // With an INDEX and a FOOTER that agree with all other frames: those there were are left out.
  Bytes sealed_with_directory() const;
  // As sealed_with_directory(), but the INDEX tells a false type of frame `index`.
  Bytes sealed_with_false_type(std::size_t index, format::FrameType type) const;

  LooseFrame* find(format::FrameType type);  // the first; null when there is none
};

// Inflated bodies of one zstd frame; empty when they are not.
Bytes inflated(std::span<const std::byte> body);
Bytes deflated(std::span<const std::byte> bytes);

// ---- frames, as a writer makes them that nothing restrains

LooseFrame meta_frame(const format::TraceMeta& meta);
// `count` mounts of META that all lead to one text of `text_bytes`.
LooseFrame meta_with_shared_text(std::size_t count, std::size_t text_bytes);
LooseFrame clock_frame(const format::ClockSample& sample);
LooseFrame names_frame(const format::DictionaryBatch& batch);
// Each known process has an executable.
LooseFrame events_frame(std::span<const format::Event> events);
LooseFrame footer_frame(const format::TraceSummary& summary);

// A trace of META, CLOCK and these.
LooseTrace trace_of(std::vector<LooseFrame> frames);

}  // namespace rfan::tests
