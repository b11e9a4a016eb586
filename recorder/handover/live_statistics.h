// Figures of a running recording, written by the reader and the writer thread, read by the status line.
#pragma once

#include <atomic>
#include <cstdint>

namespace rfan::recorder {

// Each figure is consistent in itself, not with the others: it is for a person's eye.
struct LiveStatistics {
  // Reader thread, so that they move on while the output blocks the writer.
  std::atomic<std::uint64_t> seen = 0;     // events of the kernel; what it merged into one counts once
  std::atomic<std::uint64_t> dropped = 0;  // of these, answered but not recorded, for lack of room

  // Writer thread.
  std::atomic<std::uint64_t> events = 0;      // in the trace
  std::atomic<std::uint64_t> lost_later = 0;  // behind the reader, as far as the number is known
  std::atomic<std::uint64_t> bytes = 0;
  std::atomic<std::uint32_t> reply_p50_ns = 0;
  std::atomic<std::uint32_t> reply_p99_ns = 0;
};

}  // namespace rfan::recorder
