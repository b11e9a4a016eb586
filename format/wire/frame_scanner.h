// Turns bytes into validated frames, one after the other or at an offset. Private to format/.
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

// A frame whose checksums are right. The content of its metadata is still untrusted.
struct Frame {
  std::uint64_t offset = 0;
  FrameHead head;
  std::vector<std::byte> bytes;  // head, metadata, and the body unless it was skipped

  std::uint64_t end() const { return offset + head.frame_length(); }
  std::span<const std::byte> meta() const {
    return std::span(bytes).subspan(kFrameHeadBytes, head.meta_length);
  }
  std::span<const std::byte> body() const {
    return std::span(bytes).subspan(kFrameHeadBytes + head.meta_length);
  }
};

// A sliding view of a source that is read forward only. It allocates in steps, so that a false length costs
// at most what is really there. It reads ahead if that cannot block.
class SourceWindow {
 public:
  explicit SourceWindow(ByteSource& source);

  // Returns `length` bytes at `offset`, fewer only at the end. They stay valid until the next call.
  // Precondition: `offset` is not below that of the last call.
  Result<std::span<const std::byte>> view(std::uint64_t offset, std::size_t length);

 private:
  Status fill(std::size_t length);

  ByteSource& source_;
  std::size_t read_ahead_;
  std::vector<std::byte> buffer_;
  std::uint64_t start_ = 0;  // offset of buffer_[0]
  std::size_t passed_ = 0;   // bytes of buffer_ before the last view
};

// Selects whether the bodies of EVENTS frames are read (and checked) or skipped. Skipping needs a seekable
// source.
enum class EventBodies : std::uint8_t { kRead, kPassOver };

// Reads frame after frame. One thread owns it. It reports damage in ascending, non-overlapping pieces. Its
// position moves only over validated frames and over reported bytes.
class FrameScanner {
 public:
  FrameScanner(ByteSource& source, const ChecksumSeed& seed, std::uint64_t position, EventBodies bodies,
               DamageCallback on_damage);

  // Returns the next valid frame, or nothing at the end of the trace.
  Result<std::optional<Frame>> next();

  std::uint64_t position() const { return position_; }
  // Returns the FOOTER's offset once the TRAILER was passed.
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

// Returns the head of the frame at `offset` of a seekable source, or nothing if none is valid there. Any
// thread may call it.
Result<std::optional<FrameHead>> read_head_at(ByteSource& source, const ChecksumSeed& seed,
                                              std::uint64_t offset);

// Returns the frame at `offset` of a seekable source. Any thread may call it. Fails with ErrorKind::kDamage
// if the frame is damaged, else because the source cannot be read.
Result<Frame> read_frame_at(ByteSource& source, const ChecksumSeed& seed, std::uint64_t offset);
// Reads a frame of known length in one read.
Result<Frame> read_frame_at(ByteSource& source, const ChecksumSeed& seed, std::uint64_t offset,
                            std::uint64_t length);

// A frame of a seekable source; only its beginning was read. Reuse one instance: it keeps its memory.
struct PartialFrame {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;      // as the directory says
  std::vector<std::byte> bytes;  // room for the whole frame
  std::size_t bytes_read = 0;
  FrameHead head;
};
// Reads head and metadata, but not the body, of the frame that `offset` and `length` describe, and checks
// them. Tries `first_read` bytes first. Both functions fail as read_frame_at() does.
Status read_frame_start(ByteSource& source, const ChecksumSeed& seed, std::size_t first_read,
                        PartialFrame& frame);
// Reads the bytes that are missing, and checks the body.
Status read_frame_rest(ByteSource& source, const ChecksumSeed& seed, PartialFrame& frame);

// Returns the offset of the FOOTER that the TRAILER at the end of a seekable source gives, or nothing if
// there is no valid TRAILER.
std::optional<std::uint64_t> find_footer(ByteSource& source, const ChecksumSeed& seed);

}  // namespace rfan::format
