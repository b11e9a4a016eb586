// Appends frames to a sink, and the INDEX frames that list them. Private to format/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "format/base/error.h"
#include "format/model/byte_io.h"
#include "format/model/trace_info.h"
#include "format/wire/checksum.h"
#include "format/wire/metadata.h"
#include "format/wire/zstd_codec.h"

namespace rfan::format {

// Numbers frames, seals them with checksums, and collects them until append_pending(). One thread owns it. If
// a file is damaged at one place, the INDEX frames of the other places open it: entries of a dictionary must
// not refer back beyond one.
//
// After a failure of the sink status() returns that error for ever. The caller asks for it before it adds
// more.
class FrameAppender {
 public:
  // Adds the HEADER. `sync`: every append_pending() waits until the bytes would survive a loss of power. The
  // compressor must live longer.
  FrameAppender(std::unique_ptr<ByteSink> sink, bool sync, const FileHeader& header,
                ZstdCompressor& compressor);

  // Returns the offset at which the next frame will lie.
  std::uint64_t end() const { return offset_ + pending_.size(); }
  const TraceTotals& totals() const { return index_.totals; }  // of all blocks that were added
  std::uint32_t index_count() const { return index_count_; }

  void add(FrameType type, std::span<const std::byte> meta, std::span<const std::byte> body);
  void add_block(std::span<const std::byte> meta, std::span<const std::byte> body, const TraceTotals& totals);
  // Adds an INDEX if the frames since the last one are many.
  void add_index_if_due();
  // Adds the last INDEX, the FOOTER and the TRAILER. Nothing may follow.
  void add_end(const TraceSummary& summary);

  Status append_pending();
  Status close();
  Status status() const { return failure_ ? Status(*failure_) : Status(); }
  std::uint64_t bytes_written() const { return sink_->offset(); }

 private:
  void append(FrameType type, std::span<const std::byte> meta, std::span<const std::byte> body);
  void add_record(FrameRecord record, std::span<const std::byte> meta, std::span<const std::byte> body);
  void add_index();

  const std::unique_ptr<ByteSink> sink_;
  const bool sync_;
  const ChecksumSeed seed_;
  ZstdCompressor& compressor_;
  std::vector<std::byte> pending_;  // finished frames that will lie at `offset_`
  std::uint64_t offset_ = 0;
  std::uint32_t frame_number_ = 0;
  std::optional<Error> failure_;
  IndexPart index_;  // frames since the last INDEX
  std::uint32_t index_count_ = 0;
  std::size_t blocks_since_index_ = 0;
};

}  // namespace rfan::format
