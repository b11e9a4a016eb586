#include "format/column_codec.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>

namespace rfan::format {
namespace {

// Predictions per process are kept in a table of fixed size, so that decoding needs neither a hash table nor
// memory that depends on ids in the file. Two processes that share a slot cost compression, never
// correctness.
constexpr std::size_t kProcessSlots = 4096;
constexpr std::size_t slot_of(std::uint32_t process) {
  return process % kProcessSlots;
}

static_assert(kFlagHeld == 1, "decode_sparse_held() turns the bit into a mask");

std::uint8_t byte_width(std::uint64_t largest) {
  return static_cast<std::uint8_t>((std::bit_width(largest) + 7) / 8);
}

std::size_t bitmap_bytes(std::size_t count) {
  return (count + 7) / 8;
}

std::size_t count_bits(std::span<const std::byte> bitmap) {
  std::size_t bits = 0;
  for (std::size_t i = 0; i < bitmap.size(); i += sizeof(std::uint64_t)) {
    std::uint64_t word = 0;
    std::memcpy(&word, bitmap.data() + i, std::min(sizeof word, bitmap.size() - i));
    bits += static_cast<std::size_t>(std::popcount(word));
  }
  return bits;
}

template <typename T>
void append_planes(std::span<const T> values, T base, std::uint8_t width, std::vector<std::byte>& out) {
  const auto start = out.size();
  const auto count = values.size();
  out.resize(start + count * width);
  for (unsigned plane = 0; plane < width; ++plane) {
    std::byte* to = out.data() + start + plane * count;
    for (std::size_t i = 0; i < count; ++i) to[i] = static_cast<std::byte>((values[i] - base) >> (8 * plane));
  }
}

template <unsigned kWidth, typename T>
void join_planes(const std::byte* in, T base, std::span<T> out) {
  const auto count = out.size();
  for (std::size_t i = 0; i < count; ++i) {
    T value = 0;
    for (unsigned plane = 0; plane < kWidth; ++plane) {
      value = static_cast<T>(value | static_cast<T>(static_cast<T>(in[plane * count + i]) << (8 * plane)));
    }
    out[i] = static_cast<T>(value + base);
  }
}

template <typename T>
bool read_planes(std::span<const std::byte> in, std::uint8_t width, T base, std::span<T> out) {
  if (width > sizeof(T) || in.size() != out.size() * width) return false;
  switch (width) {
    case 0:
      std::fill(out.begin(), out.end(), base);
      return true;
    case 1:
      join_planes<1>(in.data(), base, out);
      return true;
    case 2:
      if constexpr (sizeof(T) >= 2) join_planes<2>(in.data(), base, out);
      return true;
    case 3:
      if constexpr (sizeof(T) >= 3) join_planes<3>(in.data(), base, out);
      return true;
    case 4:
      if constexpr (sizeof(T) >= 4) join_planes<4>(in.data(), base, out);
      return true;
    case 5:
      if constexpr (sizeof(T) >= 5) join_planes<5>(in.data(), base, out);
      return true;
    case 6:
      if constexpr (sizeof(T) >= 6) join_planes<6>(in.data(), base, out);
      return true;
    case 7:
      if constexpr (sizeof(T) >= 7) join_planes<7>(in.data(), base, out);
      return true;
    case 8:
      if constexpr (sizeof(T) >= 8) join_planes<8>(in.data(), base, out);
      return true;
    default:
      return false;
  }
}

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

// A bitmap of the positions that were not predicted, then their values as planes.
class SparseBuilder {
 public:
  SparseBuilder(std::size_t count, EncodedColumn& out) : out_(out) {
    out_.bytes.assign(bitmap_bytes(count), std::byte{0});
    out_.explicit_values.resize(count);
  }

  // Branch-free: whether an event was predicted is close to a coin toss for the CPU.
  void add(std::size_t position, bool is_explicit, std::uint32_t value) {
    out_.bytes[position / 8] |= static_cast<std::byte>(static_cast<unsigned>(is_explicit) << (position % 8));
    out_.explicit_values[explicit_count_] = value;
    explicit_count_ += static_cast<std::size_t>(is_explicit);
  }

  void finish(Encoding encoding, std::uint64_t base) {
    const auto values = std::span<const std::uint32_t>(out_.explicit_values).first(explicit_count_);
    out_.encoding = encoding;
    out_.base = base;
    out_.width = byte_width(range_of_any(values).largest);
    append_planes(values, std::uint32_t{0}, out_.width, out_.bytes);
  }

 private:
  EncodedColumn& out_;
  std::size_t explicit_count_ = 0;
};

// The other way round.
class SparseInput {
 public:
  // False when bitmap and values do not fit together. Else values[k] is that of the k-th set bit, counted
  // from 1; values[0] is 0, and behind the last is one more, so that a branch-free reader may look one ahead.
  bool open(const ColumnInput& in, std::size_t count, ExplicitValues& values) {
    if (in.bytes.size() < bitmap_bytes(count)) return false;
    bitmap_ = in.bytes.first(bitmap_bytes(count));
    const auto set_bits = count_bits(bitmap_);
    if (set_bits > count) return false;
    values.resize(set_bits + 2);
    values[0] = 0;
    return read_planes(in.bytes.subspan(bitmap_.size()), in.width, std::uint32_t{0},
                       std::span(values).subspan(1, set_bits));
  }

  // 1 when the value at `position` is explicit, else 0: a number, since the loops compute with it.
  std::uint32_t explicit_bit(std::size_t position) const {
    return (static_cast<std::uint32_t>(bitmap_[position / 8]) >> (position % 8)) & 1U;
  }
  // True when the eight positions from `position` on (a multiple of 8) are all predicted.
  bool eight_predicted(std::size_t position) const { return bitmap_[position / 8] == std::byte{0}; }

 private:
  std::span<const std::byte> bitmap_;
};

// Undoes what encode_sparse_by_process() makes of explicit paths.
void restore_paths(std::uint32_t next_new, std::span<std::uint32_t> values) {
  for (auto& value : values) {
    value = value == 0 ? next_new : value - 1;
    next_new = std::max(next_new, value + 1);
  }
}

}  // namespace

Range range_of(std::span<const std::uint8_t> values) {
  return range_of_any(values);
}

bool any_above(std::span<const std::uint32_t> values, std::uint32_t limit) {
  bool above = false;
  for (const auto value : values) above |= value > limit;
  return above;
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

void encode_delta_planes(std::span<const std::uint64_t> values, EncodedColumn& out) {
  auto& differences = out.differences;
  differences.assign(values.size(), 0);
  out.base = values.empty() ? 0 : values.front();
  std::uint64_t largest = 0;
  for (std::size_t i = 1; i < values.size(); ++i) {
    differences[i] = values[i] - values[i - 1];
    largest |= differences[i];
  }
  out.bytes.clear();
  out.width = byte_width(largest);
  out.encoding = out.width == 0 ? Encoding::kConstant : Encoding::kDeltaPlanes;
  append_planes(std::span<const std::uint64_t>(differences), std::uint64_t{0}, out.width, out.bytes);
}

bool decode_delta_planes(const ColumnInput& in, std::uint32_t unit, std::span<std::uint64_t> out) {
  if (!read_planes(in.bytes, in.width, std::uint64_t{0}, out)) return false;
  std::uint64_t value = in.base * unit;
  for (auto& difference : out) {
    value += difference * unit;
    difference = value;
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
  sparse.finish(Encoding::kSparseByKind, 0);
}

bool decode_sparse_by_kind(const ColumnInput& in, std::span<const EventKind> kinds, ExplicitValues& scratch,
                           std::span<std::uint8_t> out) {
  SparseInput sparse;
  if (!sparse.open(in, out.size(), scratch) || in.width > 1) return false;
  std::array<std::uint8_t, 256> predicted{};
  const auto* next = scratch.data() + 1;
  for (std::size_t start = 0; start < out.size(); start += 8) {
    const auto end = std::min(start + 8, out.size());
    const bool all_predicted = sparse.eight_predicted(start);
    for (std::size_t i = start; i < end; ++i) {
      auto& value = predicted[static_cast<std::uint8_t>(kinds[i])];
      if (!all_predicted && sparse.explicit_bit(i) != 0) value = static_cast<std::uint8_t>(*next++);
      out[i] = value;
    }
  }
  return true;
}

void encode_sparse_by_process(std::span<const std::uint32_t> processes, std::span<const std::uint32_t> paths,
                              std::uint32_t& next_new, EncodedColumn& out) {
  std::array<std::uint32_t, kProcessSlots> predicted{};
  SparseBuilder sparse(paths.size(), out);
  const auto base = next_new;
  for (std::size_t i = 0; i < paths.size(); ++i) {
    auto& prediction = predicted[slot_of(processes[i])];
    sparse.add(i, paths[i] != prediction, paths[i] == next_new ? 0 : paths[i] + 1);
    next_new = std::max(next_new, paths[i] + 1);
    prediction = paths[i];
  }
  sparse.finish(Encoding::kSparseByProcess, base);
}

bool decode_sparse_by_process(const ColumnInput& in, std::span<const std::uint32_t> processes,
                              ExplicitValues& scratch, std::span<std::uint32_t> out) {
  SparseInput sparse;
  if (!sparse.open(in, out.size(), scratch) || in.base > UINT32_MAX) return false;
  restore_paths(static_cast<std::uint32_t>(in.base), std::span(scratch).subspan(1));
  std::array<std::uint32_t, kProcessSlots> predicted{};
  const auto* next = scratch.data() + 1;
  for (std::size_t i = 0; i < out.size(); ++i) {
    auto& prediction = predicted[slot_of(processes[i])];
    const auto bit = sparse.explicit_bit(i);
    const auto value =
        prediction ^ ((prediction ^ *next) & (0U - bit));  // bit ? *next : prediction, without a branch
    next += bit;
    prediction = value;
    out[i] = value;
  }
  return true;
}

void encode_sparse_held(std::span<const std::uint8_t> flags, std::span<const std::uint32_t> values,
                        EncodedColumn& out) {
  std::uint32_t predicted = 0;
  SparseBuilder sparse(values.size(), out);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const bool held = (flags[i] & kFlagHeld) != 0;
    sparse.add(i, held && values[i] != predicted, values[i]);
    predicted = held ? values[i] : predicted;
  }
  sparse.finish(Encoding::kSparseHeld, 0);
}

bool decode_sparse_held(const ColumnInput& in, std::uint32_t unit, std::span<const std::uint8_t> flags,
                        ExplicitValues& scratch, std::span<std::uint32_t> out) {
  SparseInput sparse;
  if (!sparse.open(in, out.size(), scratch)) return false;
  for (auto& value : scratch) {
    value = static_cast<std::uint32_t>(std::min<std::uint64_t>(std::uint64_t{value} * unit, UINT32_MAX));
  }
  const auto* last = scratch.data();
  for (std::size_t i = 0; i < out.size(); ++i) {
    last += sparse.explicit_bit(i);
    out[i] = *last & (0U - (flags[i] & std::uint32_t{kFlagHeld}));
  }
  return true;
}

}  // namespace rfan::format
