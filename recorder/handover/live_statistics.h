// Figures of a running recording. The reader and the writer thread write them, the status line reads them.
#pragma once

#include <atomic>
#include <cstdint>

namespace rfan::recorder {

// Each figure is consistent in itself, but not with the others. They are for display only.
struct LiveStatistics {
  // Written by the reader thread, so they keep changing while the output blocks the writer.
  std::atomic<std::uint64_t> seen = 0;     // kernel events; a merged event counts once
  std::atomic<std::uint64_t> dropped = 0;  // those answered but not recorded, for lack of room

  // Written by the writer thread.
  std::atomic<std::uint64_t> events = 0;      // in the trace
  std::atomic<std::uint64_t> lost_later = 0;  // lost after the reader, as far as the number is known
  std::atomic<std::uint64_t> bytes = 0;
  std::atomic<std::uint32_t> reply_p50_ns = 0;
  std::atomic<std::uint32_t> reply_p99_ns = 0;
};

}  // namespace rfan::recorder
