// Owners of the zstd contexts. Private to format/; zstd itself is seen by zstd_codec.cc only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

struct ZSTD_CCtx_s;
struct ZSTD_DCtx_s;

namespace rfan::format {

// One thread. The context is kept, since making one costs more than compressing a small column.
class ZstdCompressor {
 public:
  explicit ZstdCompressor(int level);
  ~ZstdCompressor();
  ZstdCompressor(const ZstdCompressor&) = delete;
  ZstdCompressor& operator=(const ZstdCompressor&) = delete;

  // Appends `bytes` to `out` as one zstd frame that states its content size; returns the bytes appended.
  // Throws std::bad_alloc when zstd has no memory, its only failure with an output of sufficient size.
  std::size_t append_frame(std::span<const std::byte> bytes, std::vector<std::byte>& out);

 private:
  ZSTD_CCtx_s* context_;
  int level_;
};

// One thread.
class ZstdDecompressor {
 public:
  ZstdDecompressor();
  ~ZstdDecompressor();
  ZstdDecompressor(const ZstdDecompressor&) = delete;
  ZstdDecompressor& operator=(const ZstdDecompressor&) = delete;

  // Inflates exactly one frame, which states its content size, into `out`; false when it is anything else or
  // larger than `limit` (before that much is allocated).
  bool inflate(std::span<const std::byte> frame_untrusted, std::size_t limit, std::vector<std::byte>& out);

 private:
  ZSTD_DCtx_s* context_;
};

}  // namespace rfan::format
