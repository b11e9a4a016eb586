// Turns one column of a block into bytes, before zstd, and back; path_column.h does the same for paths. Pure
// functions. Decoding is bounds-checked and returns false for anything that the encoder cannot have written.
// TRACE_FORMAT.md, "Column encodings", is the normative text. Private to format/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "format/model/event.h"
#include "format/wire/wire.h"

namespace rfan::format {

// The result of an encoder. Reuse one instance: the vectors keep their memory, which every call would
// otherwise map and unmap at block size.
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

// Appends the head and bytes of a column.
void append_column(const EncodedColumn& column, std::vector<std::byte>& out);
// Takes a column off the front of `rest_untrusted`. Returns false if it does not fit.
bool take_column(std::span<const std::byte>& rest_untrusted, ColumnInput& column);

// Scratch of the sparse decoders; reuse one instance.
using ExplicitValues = std::vector<std::uint32_t>;

// kPlanes stores the difference to the minimum, one plane for each byte. kConstant if all values are equal.
void encode_planes(std::span<const std::uint8_t> values, EncodedColumn& out);
void encode_planes(std::span<const std::uint32_t> values, EncodedColumn& out);
bool decode_planes(const ColumnInput& in, std::span<std::uint8_t> out);
bool decode_planes(const ColumnInput& in, std::span<std::uint32_t> out);

// kNibbles stores values below 16, two to a byte. kConstant if all are equal.
void encode_nibbles(std::span<const std::uint8_t> values, EncodedColumn& out);
bool decode_nibbles(const ColumnInput& in, std::span<std::uint8_t> out);

// kRuns predicts the value before. If more than half of the values differ from the one before, encode_runs()
// calls encode_planes().
void encode_runs(std::span<const std::uint32_t> values, EncodedColumn& out);
bool decode_runs(const ColumnInput& in, ExplicitValues& scratch, std::span<std::uint32_t> out);

// kDelta stores the difference to the value before (the first: to itself), a byte each; the excess of
// differences of 255 and more follows. kConstant if all are equal. Precondition: values do not decrease.
void encode_delta(std::span<const std::uint64_t> values, EncodedColumn& out);
// Sets each value to `first` + unit times the sum of the differences up to it.
bool decode_delta(const ColumnInput& in, std::uint64_t first, std::uint32_t unit,
                  std::span<std::uint64_t> out);

// kSparseByKind predicts the value of the event before of the same kind.
void encode_sparse_by_kind(std::span<const std::uint8_t> kinds, std::span<const std::uint8_t> values,
                           EncodedColumn& out);
bool decode_sparse_by_kind(const ColumnInput& in, std::span<const EventKind> kinds, ExplicitValues& scratch,
                           std::span<std::uint8_t> out);

// kHeld stores values of events with kFlagHeld only: the bucket of their latency. Other events have 0.
void encode_held(std::span<const std::uint8_t> buckets, EncodedColumn& out);
// Decodes to the middle of the bucket, in nanoseconds.
bool decode_held(const ColumnInput& in, std::span<const std::uint8_t> flags, ExplicitValues& scratch,
                 std::span<std::uint32_t> out);

// Smallest and largest value; 0 and 0 if there is none.
struct Range {
  std::uint64_t smallest = 0;
  std::uint64_t largest = 0;
};
Range range_of(std::span<const std::uint8_t> values);

}  // namespace rfan::format
