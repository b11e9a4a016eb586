// From bytes to validated frames, one after the other or at an offset. Private to format/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "format/model/byte_io.h"
#include "format/model/damage.h"
#include "format/wire/frame.h"

namespace rfan::format {

// A frame whose checksums are right. What the metadata says is still untrusted.
struct Frame {
  std::uint64_t offset = 0;
  FrameHead head;
  std::vector<std::byte> bytes;  // head, metadata, and the body unless it was passed over

  std::uint64_t end() const { return offset + head.frame_length(); }
  std::span<const std::byte> meta() const {
    return std::span(bytes).subspan(kFrameHeadBytes, head.meta_length);
  }
  std::span<const std::byte> body() const {
    return std::span(bytes).subspan(kFrameHeadBytes + head.meta_length);
  }
};

// A sliding view of a source that is read forward only. Allocates in steps, so that a lying length costs at
// most what is really there. Reads ahead where that cannot block.
class SourceWindow {
 public:
  explicit SourceWindow(ByteSource& source);

  // Up to `length` bytes at `offset`, fewer only at the end; valid until the next call. Offsets must not go
  // back behind the last one.
  Result<std::span<const std::byte>> view(std::uint64_t offset, std::size_t length);

 private:
  Status fill(std::size_t length);

  ByteSource& source_;
  std::size_t read_ahead_;
  std::vector<std::byte> buffer_;
  std::uint64_t start_ = 0;  // offset of buffer_[0]
  std::size_t passed_ = 0;   // of buffer_, in front of the last view
};

// Whether the bodies of EVENTS frames are read (and checked) or passed over; the latter needs a seekable
// source.
enum class EventBodies : std::uint8_t { kRead, kPassOver };

// One thread. Damage is reported in ascending, non-overlapping pieces; the position moves only over frames
// that were validated and over bytes that were reported.
class FrameScanner {
 public:
  FrameScanner(ByteSource& source, const ChecksumSeed& seed, std::uint64_t position, EventBodies bodies,
               DamageCallback on_damage);

  // The next valid frame, nothing at the end of the trace.
  Result<std::optional<Frame>> next();

  std::uint64_t position() const { return position_; }
  // The FOOTER's offset, once the TRAILER was passed.
  std::optional<std::uint64_t> trailer() const { return trailer_; }

 private:
  Status skip_to_next_head();
  Status pass_trailer();
  Result<std::optional<Frame>> read_frame(const FrameHead& head);
  Result<std::optional<std::uint64_t>> find_head(std::uint64_t from, std::uint64_t& end);
  bool find_head_in(std::span<const std::byte> bytes, std::uint64_t offset, std::size_t& at) const;
  Result<std::uint64_t> find_end(std::uint64_t from);
  void report(std::uint64_t end, std::string description, std::optional<std::uint64_t> events = {});

  ByteSource& source_;
  ChecksumSeed seed_;
  EventBodies bodies_;
  SourceWindow window_;
  std::uint64_t position_;
  std::uint64_t next_number_ = 0;
  DamageCallback on_damage_;
  std::optional<std::uint64_t> trailer_;
};

// The head of the frame at `offset` of a seekable source; nothing where none is valid. Any thread.
Result<std::optional<FrameHead>> read_head_at(ByteSource& source, const ChecksumSeed& seed,
                                              std::uint64_t offset);

// The frame at `offset` of a seekable source. Any thread. An Error without errno says what is wrong with the
// frame: damage.
Result<Frame> read_frame_at(ByteSource& source, const ChecksumSeed& seed, std::uint64_t offset);
// The same in one read, for a frame whose length is known.
Result<Frame> read_frame_at(ByteSource& source, const ChecksumSeed& seed, std::uint64_t offset,
                            std::uint64_t length);

// A frame of a seekable source of which the beginning was read. Reuse one: it keeps its memory.
struct PartialFrame {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;      // as a directory says
  std::vector<std::byte> bytes;  // as many as the frame has
  std::size_t bytes_read = 0;
  FrameHead head;
};
// Reads head and metadata of the frame that `offset` and `length` tell, and checks them: not the body.
// `first_read` bytes are tried first. Errors of both as read_frame_at().
Status read_frame_start(ByteSource& source, const ChecksumSeed& seed, std::size_t first_read,
                        PartialFrame& frame);
// What is missing, and checks the body.
Status read_frame_rest(ByteSource& source, const ChecksumSeed& seed, PartialFrame& frame);

// The offset of the FOOTER, by the TRAILER at the end of a seekable source; empty when there is none.
std::optional<std::uint64_t> find_footer(ByteSource& source, const ChecksumSeed& seed);

}  // namespace rfan::format
