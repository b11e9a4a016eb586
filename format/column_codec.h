// How one column of a block becomes bytes, before zstd. Pure functions; decoding is bounds-checked and
// returns false on anything that the encoder cannot have written. TRACE_FORMAT.md, "Column encodings", is the
// normative text. Private to format/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "format/event.h"
#include "format/wire.h"

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
};

// What the column directory says of a column, and its inflated bytes.
struct ColumnInput {
  std::uint8_t width = 0;
  std::uint64_t base = 0;
  std::span<const std::byte> bytes;
};

// Scratch of the sparse decoders; reuse one instance.
using ExplicitValues = std::vector<std::uint32_t>;

// kPlanes: difference to the minimum, one plane per byte. kConstant when all values are equal.
void encode_planes(std::span<const std::uint8_t> values, EncodedColumn& out);
void encode_planes(std::span<const std::uint32_t> values, EncodedColumn& out);
bool decode_planes(const ColumnInput& in, std::span<std::uint8_t> out);
bool decode_planes(const ColumnInput& in, std::span<std::uint32_t> out);

// kDeltaPlanes: difference to the value before (the first: to the base). Values must not decrease.
void encode_delta_planes(std::span<const std::uint64_t> values, EncodedColumn& out);
// Multiplies by `unit` on the way.
bool decode_delta_planes(const ColumnInput& in, std::uint32_t unit, std::span<std::uint64_t> out);

// kSparseByKind: predicted is the value of the event before of the same kind.
void encode_sparse_by_kind(std::span<const std::uint8_t> kinds, std::span<const std::uint8_t> values,
                           EncodedColumn& out);
bool decode_sparse_by_kind(const ColumnInput& in, std::span<const EventKind> kinds, ExplicitValues& scratch,
                           std::span<std::uint8_t> out);

// kSparseByProcess: predicted is the path of the event before of the same process. A path that was not
// predicted is stored as 0 when it is `next_new`, one above the largest path id so far in the file, else as
// its id plus 1.
void encode_sparse_by_process(std::span<const std::uint32_t> processes, std::span<const std::uint32_t> paths,
                              std::uint32_t& next_new, EncodedColumn& out);
bool decode_sparse_by_process(const ColumnInput& in, std::span<const std::uint32_t> processes,
                              ExplicitValues& scratch, std::span<std::uint32_t> out);

// kSparseHeld: only events with kFlagHeld have a value (others: 0); predicted is that of the held event
// before.
void encode_sparse_held(std::span<const std::uint8_t> flags, std::span<const std::uint32_t> values,
                        EncodedColumn& out);
// Multiplies by `unit` on the way, saturating at 2^32-1.
bool decode_sparse_held(const ColumnInput& in, std::uint32_t unit, std::span<const std::uint8_t> flags,
                        ExplicitValues& scratch, std::span<std::uint32_t> out);

// Smallest and largest value; 0 and 0 when empty.
struct Range {
  std::uint64_t smallest = 0;
  std::uint64_t largest = 0;
};
Range range_of(std::span<const std::uint8_t> values);

// True when a value is larger than `limit`.
bool any_above(std::span<const std::uint32_t> values, std::uint32_t limit);

}  // namespace rfan::format
