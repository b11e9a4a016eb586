#include "format/base/unfolding.h"

#include <algorithm>
#include <atomic>

#include "format/base/limits.h"

namespace rfan::format {
namespace {

std::atomic<std::uint64_t>& per_byte() {
  static std::atomic<std::uint64_t> bytes = kUnfoldedPerByte;
  return bytes;
}

std::uint64_t limit_of(std::uint64_t file_bytes, std::uint64_t unfolded_bytes_each) {
  constexpr auto kRoom = kMaxDictionaryBytes - kFreeUnfoldedBytes;
  const bool beyond = unfolded_bytes_each != 0 && file_bytes > kRoom / unfolded_bytes_each;
  return kFreeUnfoldedBytes + (beyond ? kRoom : file_bytes * unfolded_bytes_each);
}

}  // namespace

std::uint64_t unfolded_per_byte() {
  return per_byte();
}

void set_unfolded_per_byte(std::uint64_t bytes) {
  per_byte() = bytes;
}

std::uint64_t unfolded_limit(std::uint64_t file_bytes) {
  return limit_of(file_bytes, per_byte());
}

std::uint64_t default_unfolded_limit(std::uint64_t file_bytes) {
  return limit_of(file_bytes, kUnfoldedPerByte);
}

}  // namespace rfan::format
