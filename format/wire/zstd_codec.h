// Owns the zstd contexts. Only zstd_codec.cc includes zstd. Private to format/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

struct ZSTD_CCtx_s;
struct ZSTD_DCtx_s;

namespace rfan::format {

// One thread owns it. It keeps its context, since making one costs more than compressing a small column.
class ZstdCompressor {
 public:
  explicit ZstdCompressor(int level);
  ~ZstdCompressor();
  ZstdCompressor(const ZstdCompressor&) = delete;
  ZstdCompressor& operator=(const ZstdCompressor&) = delete;

  // Appends `bytes` to `out` as one zstd frame that states its content size, and returns the number of bytes
  // appended. Throws std::bad_alloc if zstd has no memory; it has no other failure with an output of
  // sufficient size.
  std::size_t append_frame(std::span<const std::byte> bytes, std::vector<std::byte>& out);

 private:
  ZSTD_CCtx_s* context_;
  int level_;
};

// One thread owns it.
class ZstdDecompressor {
 public:
  ZstdDecompressor();
  ~ZstdDecompressor();
  ZstdDecompressor(const ZstdDecompressor&) = delete;
  ZstdDecompressor& operator=(const ZstdDecompressor&) = delete;

  // Inflates into `out` exactly one frame, which must state its content size. Returns false for anything
  // else, and for more than `limit` bytes (before that much is allocated).
  bool inflate(std::span<const std::byte> frame_untrusted, std::size_t limit, std::vector<std::byte>& out);

 private:
  ZSTD_DCtx_s* context_;
};

}  // namespace rfan::format
