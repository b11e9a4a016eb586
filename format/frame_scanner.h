// Finds the frames of a trace, one after the other, and passes over what is damaged. Private to format/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "format/byte_io.h"
#include "format/frame.h"
#include "format/trace_reader.h"

namespace rfan::format {

// A frame whose head, metadata and body checksums are right. What the metadata says is still untrusted.
struct Frame {
  std::uint64_t offset = 0;
  FrameHead head;
  std::vector<std::byte> meta;
  std::vector<std::byte> body;
};

// A sliding view of a source that is read forward only. Holds no more than was asked for, and allocates in
// steps, so that a lying length costs at most what is really there.
class SourceWindow {
 public:
  explicit SourceWindow(ByteSource& source) : source_(source) {}

  // Up to `length` bytes at `offset`, fewer only at the end; valid until the next call. Offsets must not go
  // back behind the last one.
  Result<std::span<const std::byte>> view(std::uint64_t offset, std::size_t length);

 private:
  ByteSource& source_;
  std::vector<std::byte> buffer_;
  std::uint64_t start_ = 0;  // offset of buffer_[0]
};

// One thread. Damage is reported in ascending, non-overlapping pieces; the position moves only over frames
// that were validated and over bytes that were reported.
class FrameScanner {
 public:
  FrameScanner(ByteSource& source, const ChecksumSeed& seed, std::uint64_t position,
               DamageCallback on_damage);

  // The next valid frame, nothing at the end of the trace.
  Result<std::optional<Frame>> next();

  std::uint64_t position() const { return position_; }
  std::optional<std::uint64_t> trailer() const {
    return trailer_;
  }  // the FOOTER's offset, once it was passed

 private:
  Status skip_to_next_head();
  Status pass_trailer();
  Result<std::optional<Frame>> read_frame(const FrameHead& head);
  Result<std::optional<std::uint64_t>> find_head(std::uint64_t from, std::uint64_t& end);
  Result<std::uint64_t> find_end(std::uint64_t from);
  void report(std::uint64_t end, std::string description, std::optional<std::uint64_t> events = {});

  ByteSource& source_;
  ChecksumSeed seed_;
  SourceWindow window_;
  std::uint64_t position_;
  std::uint64_t next_number_ = 0;
  DamageCallback on_damage_;
  std::optional<std::uint64_t> trailer_;
};

// The frame at `offset` of a seekable source, nothing when there is no valid one.
Result<std::optional<Frame>> read_frame_at(ByteSource& source, const ChecksumSeed& seed,
                                           std::uint64_t offset);

}  // namespace rfan::format
