// Collects events into columns and seals them as the metadata and body of an EVENTS frame. Private to
// format/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "format/columns/column_codec.h"
#include "format/model/trace_info.h"
#include "format/wire/zstd_codec.h"

namespace rfan::format {

// Encodes one block after the other. One thread owns it. Memory: one block of columns. It rounds times when
// events are added, so that statistics and columns agree to the nanosecond. Rejected: keeping Events and
// transposing them at the seal, which touches each event twice.
class BlockEncoder {
 public:
  explicit BlockEncoder(std::uint32_t time_unit_ns);

  // Precondition: not full().
  void add(const Event& event, bool has_exe);
  bool full() const { return time_.size() >= kMaxBlockEvents; }
  bool empty() const { return time_.empty(); }
  bool small() const { return time_.size() <= kMaxJointEvents; }  // all columns will share one zstd frame
  const TraceTotals& totals() const { return totals_; }           // of the events added since the last seal

  // Fills `meta` and `body` (cleared first) and starts the next block. Precondition: not empty().
  void seal(ZstdCompressor& compressor, std::vector<std::byte>& meta, std::vector<std::byte>& body);

 private:
  std::uint64_t time_units(std::uint64_t time_ns);
  void note_process(ProcessId process);
  void count(const Event& event, std::uint64_t time_ns, bool has_exe);
  template <typename Sink>
  void encode_columns(Sink&& sink);
  void seal_jointly(ZstdCompressor& compressor, std::vector<std::byte>& body);
  void seal_apart(ZstdCompressor& compressor, std::vector<std::byte>& body);
  std::vector<std::byte> metadata();
  void clear();

  std::uint32_t time_unit_ns_;
  std::uint32_t next_new_path_ = 1;  // one above the largest path id of all events so far

  // The block being filled.
  std::vector<std::uint64_t> time_;
  std::vector<std::uint8_t> kind_;
  std::vector<std::uint8_t> flags_;
  std::vector<std::uint32_t> process_;
  std::vector<std::uint32_t> path_;
  std::vector<std::uint32_t> path2_;
  std::vector<std::uint8_t> reply_;  // buckets; held events only
  TraceTotals totals_;
  struct ProcessCount {
    ProcessId process;
    std::uint32_t events;
  };
  std::vector<ProcessCount> present_;

  // The last stamp and its value in units. All events of one read share a stamp, and a division costs more
  // than a comparison.
  std::uint64_t last_time_ns_ = 0;
  std::uint64_t last_time_units_ = 0;

  // By process id: the position in present_, if the process was seen in this block.
  struct Seen {
    std::uint32_t block_number = 0;
    std::uint32_t position = 0;
  };
  std::vector<Seen> seen_;
  std::uint32_t block_number_ = 1;

  EncodedColumn scratch_;
  std::vector<std::byte> inflated_;
  std::vector<std::uint32_t> column_bytes_;  // compressed; empty if all are in one frame
};

}  // namespace rfan::format
