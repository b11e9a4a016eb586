// Figures of a running recording, written by the writer thread, read by the status line.
#pragma once

#include <atomic>
#include <cstdint>

namespace rfan::recorder {

// Each figure is consistent in itself, not with the others: it is for a person's eye.
struct LiveStatistics {
  std::atomic<std::uint64_t> events = 0;
  std::atomic<std::uint64_t> lost = 0;  // as far as the number is known
  std::atomic<std::uint64_t> bytes = 0;
  std::atomic<std::uint64_t> queued = 0;  // events between the kernel and the trace
  std::atomic<std::uint32_t> reply_p50_ns = 0;
  std::atomic<std::uint32_t> reply_p99_ns = 0;
};

}  // namespace rfan::recorder
