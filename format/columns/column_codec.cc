#include "format/columns/column_codec.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <limits>

#include "format/columns/byte_planes.h"
#include "format/columns/sparse_column.h"
#include "format/model/latency_histogram.h"
#include "format/wire/varint.h"

namespace rfan::format {
namespace {

static_assert(kEventKindLimit <= 16, "a kind is stored in four bits");
static_assert(kFlagHeld == 1, "decode_held() computes with the bit");

template <typename T>
Range range_of_any(std::span<const T> values) {
  if (values.empty()) return {};
  T smallest = std::numeric_limits<T>::max();
  T largest = 0;
  for (const T value : values) {
    smallest = std::min(smallest, value);
    largest = std::max(largest, value);
  }
  return {smallest, largest};
}

template <typename T>
void encode_planes_of_any(std::span<const T> values, EncodedColumn& out) {
  const auto range = range_of_any(values);
  out.bytes.clear();
  out.base = range.smallest;
  out.width = byte_width(range.largest - range.smallest);
  out.encoding = out.width == 0 ? Encoding::kConstant : Encoding::kPlanes;
  append_planes(values, static_cast<T>(range.smallest), out.width, out.bytes);
}

template <typename T>
bool decode_planes_of_any(const ColumnInput& in, std::span<T> out) {
  if (in.base > std::numeric_limits<T>::max()) return false;
  return read_planes(in.bytes, in.width, static_cast<T>(in.base), out);
}

// Tells which positions were not predicted.
class Bitmap {
 public:
  explicit Bitmap(std::span<const std::byte> bytes) : bytes_(bytes) {}
  // Returns 1 or 0 as a number, since the loops compute with it.
  std::uint32_t bit(std::size_t position) const {
    return (static_cast<std::uint32_t>(bytes_[position / 8]) >> (position % 8)) & 1U;
  }
  // Returns true if the eight positions from `position` on (a multiple of 8) are all predicted.
  bool eight_predicted(std::size_t position) const { return bytes_[position / 8] == std::byte{0}; }

 private:
  std::span<const std::byte> bytes_;
};

// The latency that each bucket stands for.
constexpr auto kMiddles = [] {
  std::array<std::uint32_t, 256> middles{};
  for (std::size_t i = 0; i < LatencyHistogram::kBuckets; ++i)
    middles[i] = LatencyHistogram::bucket_middle_ns(i);
  return middles;
}();

}  // namespace

Range range_of(std::span<const std::uint8_t> values) {
  return range_of_any(values);
}

void encode_planes(std::span<const std::uint8_t> values, EncodedColumn& out) {
  encode_planes_of_any(values, out);
}
void encode_planes(std::span<const std::uint32_t> values, EncodedColumn& out) {
  encode_planes_of_any(values, out);
}
bool decode_planes(const ColumnInput& in, std::span<std::uint8_t> out) {
  return decode_planes_of_any(in, out);
}
bool decode_planes(const ColumnInput& in, std::span<std::uint32_t> out) {
  return decode_planes_of_any(in, out);
}

void encode_nibbles(std::span<const std::uint8_t> values, EncodedColumn& out) {
  const auto range = range_of(values);
  if (range.smallest == range.largest) return encode_planes(values, out);
  out.encoding = Encoding::kNibbles;
  out.base = 0;
  out.width = 0;
  out.bytes.assign((values.size() + 1) / 2, std::byte{0});
  for (std::size_t i = 0; i < values.size(); ++i) {
    out.bytes[i / 2] |= static_cast<std::byte>(values[i] << (4 * (i % 2)));
  }
}

bool decode_nibbles(const ColumnInput& in, std::span<std::uint8_t> out) {
  if (in.bytes.size() != (out.size() + 1) / 2) return false;
  // The compiler must assume that `out` overlaps `in`; with these local pointers it vectorises.
  const auto* const from = reinterpret_cast<const std::uint8_t*>(in.bytes.data());
  auto* const to = out.data();
  const auto pairs = out.size() / 2;
  for (std::size_t i = 0; i < pairs; ++i) {
    to[2 * i] = from[i] & 0x0F;
    to[2 * i + 1] = from[i] >> 4;
  }
  if (out.size() % 2 != 0) out.back() = static_cast<std::uint8_t>(in.bytes.back()) & 0x0F;
  return true;
}

void encode_runs(std::span<const std::uint32_t> values, EncodedColumn& out) {
  std::size_t changes = 0;
  for (std::size_t i = 1; i < values.size(); ++i)
    changes += static_cast<std::size_t>(values[i] != values[i - 1]);
  if (changes == 0 || changes > values.size() / 2) return encode_planes(values, out);
  SparseBuilder sparse(values.size(), out);
  const auto smallest = static_cast<std::uint32_t>(range_of_any(values).smallest);
  for (std::size_t i = 0; i < values.size(); ++i) {
    sparse.add(i, i == 0 || values[i] != values[i - 1], values[i] - smallest);
  }
  out.encoding = Encoding::kRuns;
  out.base = smallest;
  out.width = byte_width(range_of_any(sparse.values()).largest);
  append_planes(sparse.values(), std::uint32_t{0}, out.width, out.bytes);
}

bool decode_runs(const ColumnInput& in, ExplicitValues& scratch, std::span<std::uint32_t> out) {
  if (!read_runs(in, out.size(), scratch)) return false;
  const auto bitmap = in.bytes.first(bitmap_bytes(out.size()));
  const auto* value = scratch.data();
  for (std::size_t start = 0; start < out.size(); start += 8) {
    auto bits = static_cast<std::uint32_t>(bitmap[start / 8]);
    const auto end = std::min(start + 8, out.size());
    for (std::size_t i = start; i < end; ++i, bits >>= 1) {
      value += bits & 1U;
      out[i] = *value;
    }
  }
  return true;
}

void append_column(const EncodedColumn& column, std::vector<std::byte>& out) {
  out.push_back(static_cast<std::byte>(column.encoding));
  out.push_back(static_cast<std::byte>(column.width));
  append_varint(column.base, out);
  append_varint(column.bytes.size(), out);
  out.insert(out.end(), column.bytes.begin(), column.bytes.end());
}

bool take_column(std::span<const std::byte>& rest_untrusted, ColumnInput& column) {
  if (rest_untrusted.size() < 4) return false;
  column.encoding = static_cast<Encoding>(rest_untrusted[0]);
  column.width = static_cast<std::uint8_t>(rest_untrusted[1]);
  VarintReader numbers(rest_untrusted.subspan(2));
  column.base = numbers.next();
  const auto size = numbers.next();
  if (numbers.failed() || size > numbers.left()) return false;
  const auto behind = rest_untrusted.last(numbers.left());
  column.bytes = behind.first(static_cast<std::size_t>(size));
  rest_untrusted = behind.subspan(static_cast<std::size_t>(size));
  return true;
}

void encode_delta(std::span<const std::uint64_t> values, EncodedColumn& out) {
  assert(std::is_sorted(values.begin(), values.end()));
  out.base = 0;
  out.bytes.clear();
  out.differences.resize(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) out.differences[i] = values[i] - values[i == 0 ? 0 : i - 1];
  out.encoding = values.empty() || values.front() == values.back() ? Encoding::kConstant : Encoding::kDelta;
  out.width = 0;
  if (out.encoding == Encoding::kConstant) return;
  out.width = append_escaped(std::span<const std::uint64_t>(out.differences), out.large, out.bytes);
}

bool decode_delta(const ColumnInput& in, std::uint64_t first, std::uint32_t unit,
                  std::span<std::uint64_t> out) {
  const std::uint8_t* small = nullptr;
  std::vector<std::uint64_t> large;
  if (!open_escaped(in, 0, out.size(), small, large)) return false;
  auto value = first;
  const auto* next = large.data();
  for (std::size_t i = 0; i < out.size(); ++i) {
    value += std::uint64_t{small[i]} * unit;
    if (small[i] == kLarge) [[unlikely]] {
      value += *next++ * unit;
    }
    out[i] = value;
  }
  return true;
}

void encode_sparse_by_kind(std::span<const std::uint8_t> kinds, std::span<const std::uint8_t> values,
                           EncodedColumn& out) {
  std::array<std::uint8_t, 256> predicted{};
  SparseBuilder sparse(values.size(), out);
  for (std::size_t i = 0; i < values.size(); ++i) {
    sparse.add(i, values[i] != predicted[kinds[i]], values[i]);
    predicted[kinds[i]] = values[i];
  }
  out.encoding = Encoding::kSparseByKind;
  out.base = 0;
  out.width = sparse.values().empty() ? 0 : 1;
  append_planes(sparse.values(), std::uint32_t{0}, out.width, out.bytes);
}

bool decode_sparse_by_kind(const ColumnInput& in, std::span<const EventKind> kinds, ExplicitValues& scratch,
                           std::span<std::uint8_t> out) {
  const auto explicit_values = explicit_count(in, out.size());
  if (!explicit_values || in.width > 1) return false;
  const auto bitmap_size = bitmap_bytes(out.size());
  scratch.resize(*explicit_values);
  if (!read_planes(in.bytes.subspan(bitmap_size), in.width, std::uint32_t{0}, std::span(scratch)))
    return false;
  const Bitmap bitmap(in.bytes.first(bitmap_size));
  std::array<std::uint8_t, 256> predicted{};
  const auto* next = scratch.data();
  for (std::size_t start = 0; start < out.size(); start += 8) {
    const auto end = std::min(start + 8, out.size());
    const bool all_predicted = bitmap.eight_predicted(start);
    for (std::size_t i = start; i < end; ++i) {
      auto& value = predicted[static_cast<std::uint8_t>(kinds[i])];
      if (!all_predicted && bitmap.bit(i) != 0) value = static_cast<std::uint8_t>(*next++);
      out[i] = value;
    }
  }
  return true;
}

void encode_held(std::span<const std::uint8_t> buckets, EncodedColumn& out) {
  out.encoding = Encoding::kHeld;
  out.base = 0;
  out.width = 1;
  out.bytes.clear();
  append_planes(buckets, std::uint8_t{0}, 1, out.bytes);
}

bool decode_held(const ColumnInput& in, std::span<const std::uint8_t> flags, ExplicitValues& scratch,
                 std::span<std::uint32_t> out) {
  std::size_t held = 0;
  for (const auto value : flags) held += value & kFlagHeld;
  if (in.width != 1 || in.bytes.size() != held) return false;
  scratch.resize(held + 1);  // the loop looks one ahead
  for (std::size_t i = 0; i < held; ++i) scratch[i] = kMiddles[static_cast<std::size_t>(in.bytes[i])];
  const auto* next = scratch.data();
  for (std::size_t i = 0; i < out.size(); ++i) {
    const std::uint32_t is_held = flags[i] & kFlagHeld;
    out[i] = *next & (0U - is_held);
    next += is_held;
  }
  return true;
}

}  // namespace rfan::format
