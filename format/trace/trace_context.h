// Collects what all frames but EVENTS say: the dictionary, times and losses that give events their meaning.
// Private to format/.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "format/base/fault.h"
#include "format/model/damage.h"
#include "format/model/event_block.h"
#include "format/model/growing_dictionary.h"
#include "format/model/trace_info.h"
#include "format/wire/dictionary_codec.h"
#include "format/wire/frame_scanner.h"
#include "format/wire/zstd_codec.h"

namespace rfan::format {

// The state of a trace that both readers share. One thread owns it. It grows frame by frame, in the order of
// the file. It counts damage and passes it to the callback.
//
// Its members are many because a trace states many things. They are not divided: each frame changes one or
// two of them, and both readers and the checker look at all of them.
class TraceContext {
 public:
  explicit TraceContext(DamageCallback on_damage) : on_damage_(std::move(on_damage)) {}

  void report(const Damage& damage);
  // Takes in a frame of any type but EVENTS.
  void take(const Frame& frame);
  // Take in a DICT frame in two steps. The first needs no body; the second may come later, and part by part.
  // They report a fault and return nothing or false. Entries may unfold to `limit` bytes, see unfolding.h.
  std::optional<DictionaryIds> expect_entries(const Frame& frame);
  bool take_entries(const Frame& frame, const DictionaryIds& ids, DictionaryParts parts, std::uint64_t limit);
  // Reports a FOOTER that counts other entries or events than there are. Precondition: all frames before it
  // were taken in; `events` is the number of events in the blocks. It reports nothing if there was damage,
  // which explains any difference.
  void compare_footer(std::uint64_t events);
  // Returns the block of an EVENTS frame. If its metadata is wrong, reports that and returns nothing.
  std::optional<EncodedBlock> block_of(Frame frame);

  // Returns the mounts of META and those that came later, as far as they are known.
  std::vector<MountCoverage> mounts() const;

  TraceMeta meta;
  GrowingDictionary dictionary;
  std::vector<Loss> losses;
  std::vector<ClockSample> clocks;
  std::optional<TraceSummary> footer;
  std::optional<std::uint64_t> footer_offset;
  std::uint64_t footer_length = 0;
  std::uint64_t index_offset = 0;  // of the last INDEX, as the FOOTER says
  std::vector<MountCoverage> later_mounts;
  std::uint64_t damage_count = 0;
  std::uint64_t unknown_frames = 0;

 private:
  void report_frame(const Frame& frame, const Fault& fault);
  void take_meta(const Frame& frame);
  void take_mounts(const Frame& frame);
  void take_losses(const Frame& frame);
  void take_clock(const Frame& frame);
  void take_footer(const Frame& frame);

  DamageCallback on_damage_;
  bool meta_taken_ = false;
  ZstdDecompressor decompressor_;
};

// Turns a frame, whose metadata was checked, into a block.
EncodedBlock make_block(Frame frame, BlockStatistics statistics);

}  // namespace rfan::format
