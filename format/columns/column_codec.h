// How one column of a block becomes bytes, before zstd; that of paths is in path_column.h. Pure functions;
// decoding is bounds-checked and returns false on anything that the encoder cannot have written.
// TRACE_FORMAT.md, "Column encodings", is the normative text. Private to format/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "format/model/event.h"
#include "format/wire/wire.h"

namespace rfan::format {

// The result of an encoder. Reuse one instance: the vectors keep their memory, which at block size would
// otherwise be mapped and unmapped by every call.
struct EncodedColumn {
  Encoding encoding = Encoding::kConstant;
  std::uint8_t width = 0;  // bytes (planes) per stored value
  std::uint64_t base = 0;
  std::vector<std::byte> bytes;  // empty for kConstant

  // Scratch of the encoders.
  std::vector<std::uint32_t> explicit_values;
  std::vector<std::uint64_t> differences;
  std::vector<std::uint64_t> large;
};

// A column as it stands in the inflated body: its head and its bytes.
struct ColumnInput {
  Encoding encoding = Encoding::kConstant;
  std::uint8_t width = 0;
  std::uint64_t base = 0;
  std::span<const std::byte> bytes;
};

// Head and bytes of a column.
void append_column(const EncodedColumn& column, std::vector<std::byte>& out);
// Takes one off the front of `rest`; false when it does not fit.
bool take_column(std::span<const std::byte>& rest_untrusted, ColumnInput& column);

// Scratch of the sparse decoders; reuse one instance.
using ExplicitValues = std::vector<std::uint32_t>;

// kPlanes: difference to the minimum, one plane per byte. kConstant when all values are equal.
void encode_planes(std::span<const std::uint8_t> values, EncodedColumn& out);
void encode_planes(std::span<const std::uint32_t> values, EncodedColumn& out);
bool decode_planes(const ColumnInput& in, std::span<std::uint8_t> out);
bool decode_planes(const ColumnInput& in, std::span<std::uint32_t> out);

// kNibbles: values below 16, two to a byte. kConstant when all are equal.
void encode_nibbles(std::span<const std::uint8_t> values, EncodedColumn& out);
bool decode_nibbles(const ColumnInput& in, std::span<std::uint8_t> out);

// kRuns: predicted is the value before. Where more than every second one differs: encode_planes().
void encode_runs(std::span<const std::uint32_t> values, EncodedColumn& out);
bool decode_runs(const ColumnInput& in, ExplicitValues& scratch, std::span<std::uint32_t> out);

// kDelta: difference to the value before (the first: to itself), a byte each; 255 and more go on behind.
// kConstant when all are equal. Values must not decrease.
void encode_delta(std::span<const std::uint64_t> values, EncodedColumn& out);
// Values are `first` + unit times the sum of differences.
bool decode_delta(const ColumnInput& in, std::uint64_t first, std::uint32_t unit,
                  std::span<std::uint64_t> out);

// kSparseByKind: predicted is the value of the event before of the same kind.
void encode_sparse_by_kind(std::span<const std::uint8_t> kinds, std::span<const std::uint8_t> values,
                           EncodedColumn& out);
bool decode_sparse_by_kind(const ColumnInput& in, std::span<const EventKind> kinds, ExplicitValues& scratch,
                           std::span<std::uint8_t> out);

// kHeld: only events with kFlagHeld have a value (others: 0), the bucket of their latency.
void encode_held(std::span<const std::uint8_t> buckets, EncodedColumn& out);
// Gives the middle of the bucket, in nanoseconds.
bool decode_held(const ColumnInput& in, std::span<const std::uint8_t> flags, ExplicitValues& scratch,
                 std::span<std::uint32_t> out);

// Smallest and largest value; 0 and 0 when empty.
struct Range {
  std::uint64_t smallest = 0;
  std::uint64_t largest = 0;
};
Range range_of(std::span<const std::uint8_t> values);

}  // namespace rfan::format
