// Collects events into columns and seals them as the metadata and body of an EVENTS frame. Private to
// format/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "format/column_codec.h"
#include "format/trace_info.h"
#include "format/zstd_codec.h"

namespace rfan::format {

// One thread. Memory: one block of columns. Events are rounded to their units when they are added, so that
// statistics and columns agree to the nanosecond. Rejected: keeping Events and transposing at the seal, which
// touches each twice.
class BlockEncoder {
 public:
  BlockEncoder(std::uint32_t time_unit_ns, std::uint32_t reply_unit_ns);

  // Precondition: not full().
  void add(const Event& event, bool has_exe);
  bool full() const { return time_.size() >= kMaxBlockEvents; }
  bool empty() const { return time_.empty(); }
  const TraceTotals& totals() const { return totals_; }  // of the events added since the last seal

  // Fills `meta` and `body` (cleared first) and starts the next block. Precondition: not empty().
  void seal(ZstdCompressor& compressor, std::vector<std::byte>& meta, std::vector<std::byte>& body);

 private:
  struct SealedColumn {
    ColumnId id;
    std::uint32_t unit;
    Encoding encoding;
    std::uint8_t width;
    std::uint64_t base;
    std::size_t compressed;
    std::size_t inflated;
  };

  std::uint64_t time_units(std::uint64_t time_ns);
  std::uint32_t reply_units(const Event& event) const;
  void note_process(ProcessId process);
  void count(const Event& event, std::uint64_t time_ns, std::uint32_t reply_ns, bool has_exe);
  void seal_column(ColumnId id, std::uint32_t unit, ZstdCompressor& compressor, std::vector<std::byte>& body);
  void seal_columns(ZstdCompressor& compressor, std::vector<std::byte>& body);
  std::vector<std::byte> metadata();
  void clear();

  std::uint32_t time_unit_ns_;
  std::uint32_t reply_unit_ns_;
  std::uint32_t next_new_path_ = 1;  // one above the largest path id of all events so far

  // The block being filled.
  std::vector<std::uint64_t> time_;
  std::vector<std::uint8_t> kind_;
  std::vector<std::uint8_t> flags_;
  std::vector<std::uint32_t> process_;
  std::vector<std::uint32_t> path_;
  std::vector<std::uint32_t> path2_;
  std::vector<std::uint32_t> reply_;
  TraceTotals totals_;
  std::vector<ProcessId> present_;

  // The last stamp and its value in units: all events of one read share it, and a division costs more than a
  // compare.
  std::uint64_t last_time_ns_ = 0;
  std::uint64_t last_time_units_ = 0;

  // Number of the block a process was last seen in, by process id.
  std::vector<std::uint32_t> seen_in_;
  std::uint32_t block_number_ = 1;

  EncodedColumn scratch_;
  std::vector<SealedColumn> sealed_;
};

}  // namespace rfan::format
