// Makes traces with arbitrary content and correct checksums, as a hostile writer could.
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
  Bytes body;  // as in the file

  bool is(format::FrameType wanted) const { return type == wanted; }
};

// The frames of a trace, which a test can change and seal again. Numbers, seeds and checksums follow from
// their positions.
struct LooseTrace {
  format::FileHeader header;
  std::vector<LooseFrame> frames;

  // Reads the frames up to the first byte that belongs to no sound frame.
  static LooseTrace of(std::span<const std::byte> bytes);

  // Returns the frames as they are, with a TRAILER if the last one is a FOOTER.
  Bytes sealed() const;
  // Returns the frames with a new INDEX and FOOTER that agree with them. Omits the old ones.
  Bytes sealed_with_directory() const;
  // Like sealed_with_directory(), but the INDEX states a false type for frame `index`.
  Bytes sealed_with_false_type(std::size_t index, format::FrameType type) const;

  LooseFrame* find(format::FrameType type);  // the first; null if there is none
};

// Inflates a body of one zstd frame; returns nothing if it is not one.
Bytes inflated(std::span<const std::byte> body);
Bytes deflated(std::span<const std::byte> bytes);

// ---- frames as an unrestrained writer makes them

LooseFrame meta_frame(const format::TraceMeta& meta);
// Makes META with `count` mounts that all lead to one text of `text_bytes`.
LooseFrame meta_with_shared_text(std::size_t count, std::size_t text_bytes);
LooseFrame clock_frame(const format::ClockSample& sample);
LooseFrame names_frame(const format::DictionaryBatch& batch);
// Each known process has an executable.
LooseFrame events_frame(std::span<const format::Event> events);
LooseFrame footer_frame(const format::TraceSummary& summary);

// Makes a trace of META, CLOCK and these frames.
LooseTrace trace_of(std::vector<LooseFrame> frames);

}  // namespace rfan::tests
