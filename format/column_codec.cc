#include "format/column_codec.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>
#include <optional>

#include "format/latency_histogram.h"
#include "format/varint.h"

namespace rfan::format {
namespace {

// Predictions per process are kept in a table of fixed size, so that decoding needs neither a hash table nor
// memory that depends on ids in the file. Two processes that share a slot cost compression, never
// correctness.
constexpr std::size_t kProcessSlots = 4096;
constexpr std::size_t slot_of(std::uint32_t process) {
  return process % kProcessSlots;
}

// A value from here on does not fit into its byte.
constexpr std::uint64_t kLarge = 255;

static_assert(kEventKindLimit <= 16, "a kind is stored in four bits");
static_assert(kFlagHeld == 1, "decode_held() computes with the bit");

std::uint8_t byte_width(std::uint64_t largest) {
  return static_cast<std::uint8_t>((std::bit_width(largest) + 7) / 8);
}

std::size_t bitmap_bytes(std::size_t count) {
  return (count + 7) / 8;
}

// The 64 bits from `position` on, a multiple of 64; zeros behind the end.
std::uint64_t bits_at(std::span<const std::byte> bitmap, std::size_t position) {
  std::uint64_t word = 0;
  const auto start = position / 8;
  std::memcpy(&word, bitmap.data() + start, std::min(sizeof word, bitmap.size() - start));
  return word;
}

std::size_t count_bits(std::span<const std::byte> bitmap) {
  std::size_t bits = 0;
  for (std::size_t i = 0; i < 8 * bitmap.size(); i += 64) {
    bits += static_cast<std::size_t>(std::popcount(bits_at(bitmap, i)));
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

// A byte for each value; those that do not fit are 255 there, and what is above follows as planes.
template <typename T>
std::uint8_t append_escaped(std::span<const T> values, std::vector<std::uint64_t>& large,
                            std::vector<std::byte>& out) {
  large.clear();
  std::uint64_t all_bits = 0;
  const auto start = out.size();
  out.resize(start + values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::uint64_t value = values[i];
    out[start + i] = static_cast<std::byte>(std::min(value, kLarge));
    if (value < kLarge) continue;
    large.push_back(value - kLarge);
    all_bits |= large.back();
  }
  const auto width = byte_width(all_bits);
  append_planes(std::span<const std::uint64_t>(large), std::uint64_t{0}, width, out);
  return width;
}

// The way back, as far as it concerns the large ones: `small` are the bytes of `count` values.
template <typename T>
bool open_escaped(const ColumnInput& in, std::size_t offset, std::size_t count, const std::uint8_t*& small,
                  std::vector<T>& large) {
  if (in.bytes.size() - offset < count) return false;
  small = reinterpret_cast<const std::uint8_t*>(in.bytes.data()) + offset;
  large.resize(static_cast<std::size_t>(std::count(small, small + count, kLarge)));
  return read_planes(in.bytes.subspan(offset + count), in.width, T{0}, std::span(large));
}

// Which positions were not predicted.
class Bitmap {
 public:
  explicit Bitmap(std::span<const std::byte> bytes) : bytes_(bytes) {}
  // 1 or 0: a number, since the loops compute with it.
  std::uint32_t bit(std::size_t position) const {
    return (static_cast<std::uint32_t>(bytes_[position / 8]) >> (position % 8)) & 1U;
  }
  // True when the eight positions from `position` on (a multiple of 8) are all predicted.
  bool eight_predicted(std::size_t position) const { return bytes_[position / 8] == std::byte{0}; }

 private:
  std::span<const std::byte> bytes_;
};

// A bitmap of the positions that were not predicted, then their values.
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

  std::span<const std::uint32_t> values() const {
    return std::span<const std::uint32_t>(out_.explicit_values).first(explicit_count_);
  }

 private:
  EncodedColumn& out_;
  std::size_t explicit_count_ = 0;
};

// The bitmap of a sparse column of `count` events and how many bits are set; nothing when it is cut.
std::optional<std::size_t> explicit_count(const ColumnInput& in, std::size_t count) {
  if (in.bytes.size() < bitmap_bytes(count)) return {};
  const auto set_bits = count_bits(in.bytes.first(bitmap_bytes(count)));
  return set_bits <= count ? std::optional(set_bits) : std::nullopt;
}

// The values of the runs of `count` events; in front of them stands that of events before the first run.
bool read_runs(const ColumnInput& in, std::size_t count, ExplicitValues& values) {
  const auto runs = explicit_count(in, count);
  if (!runs || in.base > UINT32_MAX) return false;
  values.resize(*runs + 1);
  values[0] = static_cast<std::uint32_t>(in.base);
  return read_planes(in.bytes.subspan(bitmap_bytes(count)), in.width, values[0],
                     std::span(values).subspan(1));
}

// Distances of either sign, small ones first: 1, 0, 2, -1, 3... become 0, 1, 2, 3, 4. The path after the last
// one is the most likely: ids are given in order of first use, and files are used in the same order again.
constexpr std::uint32_t fold_distance(std::uint32_t path, std::uint32_t predicted) {
  const auto difference = static_cast<std::int32_t>(path - predicted - 1);
  return (static_cast<std::uint32_t>(difference) << 1) ^ static_cast<std::uint32_t>(difference >> 31);
}
constexpr std::uint32_t unfold_distance(std::uint32_t folded, std::uint32_t predicted) {
  return predicted + 1 + ((folded >> 1) ^ (0U - (folded & 1U)));
}
static_assert(unfold_distance(fold_distance(5, 900), 900) == 5 && fold_distance(901, 900) == 0);

// Latencies by bucket.
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

bool any_above(std::span<const std::uint32_t> values, std::uint32_t limit) {
  std::uint32_t above = 0;  // as wide as the values: so it is vectorised
  for (const auto value : values) above |= value > limit ? 1U : 0U;
  return above != 0;
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
  const auto pairs = out.size() / 2;
  for (std::size_t i = 0; i < pairs; ++i) {
    const auto both = static_cast<std::uint8_t>(in.bytes[i]);
    out[2 * i] = both & 0x0F;
    out[2 * i + 1] = both >> 4;
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

void encode_sparse_by_process(std::span<const std::uint32_t> processes, std::span<const std::uint32_t> paths,
                              std::uint32_t& next_new, EncodedColumn& out) {
  std::array<std::uint32_t, kProcessSlots> predicted{};
  SparseBuilder sparse(paths.size(), out);
  out.base = next_new;
  for (std::size_t i = 0; i < paths.size(); ++i) {
    auto& prediction = predicted[slot_of(processes[i])];
    const bool is_new = paths[i] == next_new;
    sparse.add(i, paths[i] != prediction, is_new ? 0 : fold_distance(paths[i], prediction) + 1);
    next_new = std::max(next_new, paths[i] + 1);
    prediction = paths[i];
  }
  out.encoding = Encoding::kSparseByProcess;
  out.width = append_escaped(sparse.values(), out.large, out.bytes);
}

bool decode_sparse_by_process(const ColumnInput& in, std::span<const std::uint32_t> processes,
                              ExplicitValues& scratch, std::span<std::uint32_t> out) {
  const auto explicit_values = explicit_count(in, out.size());
  if (!explicit_values || in.base > UINT32_MAX) return false;
  const auto bitmap = in.bytes.first(bitmap_bytes(out.size()));
  const std::uint8_t* next = nullptr;
  if (!open_escaped(in, bitmap.size(), *explicit_values, next, scratch)) return false;
  const auto* large = scratch.data();
  std::array<std::uint32_t, kProcessSlots> predicted{};
  auto next_new = static_cast<std::uint32_t>(in.base);
  for (std::size_t start = 0; start < out.size(); start += 64) {
    auto bits = bits_at(bitmap, start);
    const auto end = std::min(start + 64, out.size());
    // A third faster than without branches: opens and closes alternate, so that the CPU guesses right.
    for (std::size_t i = start; i < end; ++i, bits >>= 1) {
      auto& path = predicted[slot_of(processes[i])];
      if ((bits & 1) != 0) {
        const std::uint32_t value = *next++;
        if (value == 0 || value == kLarge) [[unlikely]] {
          path = value == 0 ? next_new : unfold_distance(value + *large++ - 1, path);
        } else {
          path = unfold_distance(value - 1, path);
        }
        next_new = std::max(next_new, path + 1);
      }
      out[i] = path;
    }
  }
  return true;
}

bool PathStretches::open(const ColumnInput& processes, const ColumnInput& paths, std::size_t count) {
  if (processes.encoding != Encoding::kRuns || paths.encoding != Encoding::kSparseByProcess || count == 0 ||
      !read_runs(processes, count, processes_)) {
    return false;
  }
  const auto explicit_paths = explicit_count(paths, count);
  const auto bitmap = bitmap_bytes(count);
  if (!explicit_paths || paths.base > UINT32_MAX ||
      !open_escaped(paths, bitmap, *explicit_paths, steps_, large_steps_)) {
    return false;
  }
  count_ = count;
  process_bitmap_ = processes.bytes.first(bitmap);
  path_bitmap_ = paths.bytes.first(bitmap);
  next_new_ = static_cast<std::uint32_t>(paths.base);
  return true;
}

// Calls visit(begin, end, path) for stretch after stretch, the first of which may be empty. As in
// decode_sparse_by_process(), but a stretch is all that is looked at, and nothing branches on what the bits
// say: where a process begins and where a path is predicted, the CPU cannot guess.
template <typename Visit>
void PathStretches::walk(Visit visit) const {
  std::array<std::uint32_t, kProcessSlots> predicted{};
  const auto* process = processes_.data();
  const auto* step = steps_ - 1;  // the one that was used last; at first the end of the bitmap
  const auto* large = large_steps_.data();
  auto next_new = next_new_;
  std::uint32_t path = 0;
  std::size_t begin = 0;
  for (std::size_t start = 0; start < count_; start += 64) {
    const auto present = count_ - start < 64 ? (std::uint64_t{1} << (count_ - start)) - 1 : UINT64_MAX;
    const auto new_process = bits_at(process_bitmap_, start);
    const auto new_path = bits_at(path_bitmap_, start);
    for (auto changes = (new_process | new_path) & present; changes != 0; changes &= changes - 1) {
      const auto bit = static_cast<unsigned>(std::countr_zero(changes));
      visit(begin, start + bit, path);
      begin = start + bit;
      process += new_process >> bit & 1U;
      auto& prediction = predicted[slot_of(*process)];
      const auto is_explicit = static_cast<std::uint32_t>(new_path >> bit & 1U);
      step += is_explicit;
      const std::uint32_t value = *step;
      path = prediction + (unfold_distance(value - 1, 0) & (0U - is_explicit));
      if ((is_explicit & static_cast<std::uint32_t>(value - 1 >= kLarge - 1)) != 0) [[unlikely]] {
        path = value == 0 ? next_new : unfold_distance(value + *large++ - 1, prediction);
      }
      next_new = std::max(next_new, (path + 1) & (0U - is_explicit));
      prediction = path;
    }
  }
  visit(begin, count_, path);
}

bool PathStretches::count(std::span<std::uint32_t> counts) const {
  std::uint32_t unknown = 0;
  walk([&](std::size_t begin, std::size_t end, std::uint32_t path) {
    const bool known = path < counts.size();
    unknown |= known ? 0U : 1U;
    counts[known ? path : 0] += static_cast<std::uint32_t>(end - begin);
  });
  return unknown == 0;
}

bool PathStretches::mark(std::span<const std::uint8_t> marks, std::span<std::uint8_t> out) const {
  std::uint32_t unknown = 0;
  walk([&](std::size_t begin, std::size_t end, std::uint32_t path) {
    const bool known = path < marks.size();
    unknown |= known ? 0U : 1U;
    // Eight at a time: stretches are short, and the next one overwrites what was too much.
    const auto eight = marks[known ? path : 0] * std::uint64_t{0x0101010101010101};
    do {
      std::memcpy(out.data() + begin, &eight, sizeof eight);
      begin += sizeof eight;
    } while (begin < end);
  });
  return unknown == 0;
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
