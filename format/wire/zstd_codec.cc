#include "format/wire/zstd_codec.h"

#include <zstd.h>

#include <new>

#include "format/base/limits.h"

namespace rfan::format {

static_assert(ZSTD_CONTENTSIZE_ERROR > kMaxColumnBytes && ZSTD_CONTENTSIZE_UNKNOWN > kMaxColumnBytes);

ZstdCompressor::ZstdCompressor(int level) : context_(ZSTD_createCCtx()), level_(level) {
  if (context_ == nullptr) throw std::bad_alloc();
}

ZstdCompressor::~ZstdCompressor() {
  ZSTD_freeCCtx(context_);
}

std::size_t ZstdCompressor::append_frame(std::span<const std::byte> bytes, std::vector<std::byte>& out) {
  const auto start = out.size();
  out.resize(start + ZSTD_compressBound(bytes.size()));
  const auto written =
      ZSTD_compressCCtx(context_, out.data() + start, out.size() - start, bytes.data(), bytes.size(), level_);
  if (ZSTD_isError(written) != 0U) throw std::bad_alloc();
  out.resize(start + written);
  return written;
}

ZstdDecompressor::ZstdDecompressor() : context_(ZSTD_createDCtx()) {
  if (context_ == nullptr) throw std::bad_alloc();
}

ZstdDecompressor::~ZstdDecompressor() {
  ZSTD_freeDCtx(context_);
}

bool ZstdDecompressor::inflate(std::span<const std::byte> frame_untrusted, std::size_t limit,
                               std::vector<std::byte>& out) {
  const auto* data = frame_untrusted.data();
  const auto size = frame_untrusted.size();
  const auto inflated = ZSTD_getFrameContentSize(data, size);
  if (inflated > limit) return false;  // also if it is not stated, or this is no frame
  if (ZSTD_findFrameCompressedSize(data, size) != size) return false;
  out.resize(static_cast<std::size_t>(inflated));
  return ZSTD_decompressDCtx(context_, out.data(), out.size(), data, size) == inflated;
}

}  // namespace rfan::format
