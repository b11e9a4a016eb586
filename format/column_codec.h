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

// kSparseByProcess: predicted is the path of the event before of the same process. A path that was not
// predicted is stored as 0 when it is `next_new`, one above the largest path id so far in the file, else as
// its distance to the predicted one; a byte each, 255 and more go on behind.
void encode_sparse_by_process(std::span<const std::uint32_t> processes, std::span<const std::uint32_t> paths,
                              std::uint32_t& next_new, EncodedColumn& out);
bool decode_sparse_by_process(const ColumnInput& in, std::span<const std::uint32_t> processes,
                              ExplicitValues& scratch, std::span<std::uint32_t> out);

// The paths of a block without a value for each event: from the process column (kRuns) and the path column
// (kSparseByProcess), stretch by stretch of events that have the same one. 8 bytes an event less to write and
// to read again, which is a fifth of the time that counting by path takes.
class PathStretches {
 public:
  // False unless both columns are of these encodings and hold what they should. Reuse one instance.
  bool open(const ColumnInput& processes, const ColumnInput& paths, std::size_t count);

  // The processes that the stretches belong to.
  std::span<const std::uint32_t> processes() const { return std::span(processes_).subspan(1); }

  // Adds to counts[id] the events of path id. An id behind the end of `counts` counts as 0: then false.
  bool count(std::span<std::uint32_t> counts) const;
  // Writes marks[id] for each event. The same of ids behind the end of `marks`. `out` is kMarkSlack longer
  // than the block; what stands there is lost.
  bool mark(std::span<const std::uint8_t> marks, std::span<std::uint8_t> out) const;
  static constexpr std::size_t kMarkSlack = 8;

 private:
  template <typename Visit>
  void walk(Visit visit) const;

  std::size_t count_ = 0;
  std::span<const std::byte> process_bitmap_;  // where the process is not that of the event before
  std::span<const std::byte> path_bitmap_;     // where the path is not the predicted one
  ExplicitValues processes_;                   // of each bit of the one; the first stands before them
  const std::uint8_t* steps_ = nullptr;        // of each bit of the other, escaped
  ExplicitValues large_steps_;
  std::uint32_t next_new_ = 0;
};

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

// True when a value is larger than `limit`.
bool any_above(std::span<const std::uint32_t> values, std::uint32_t limit);

}  // namespace rfan::format
