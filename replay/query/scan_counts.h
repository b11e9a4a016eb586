// Counts what a scan reads and what it skips.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

namespace rfan::replay {

// The numbers of one scan over all its files, for `-v`. The threads of the scan add to them.
struct ScanCounts {
  std::atomic<std::uint64_t> blocks{0};           // in all files that were scanned
  std::atomic<std::uint64_t> outside_time{0};     // not read
  std::atomic<std::uint64_t> excluded{0};         // by their statistics, nothing decoded
  std::atomic<std::uint64_t> from_statistics{0};  // answered without decoding
  std::atomic<std::uint64_t> columns{0};          // decoded
  std::atomic<std::uint64_t> events{0};           // in blocks that were decoded
  std::atomic<std::uint64_t> matched{0};
};

// Returns one line about what was read and what was not.
std::string counts_text(const ScanCounts& counts);

}  // namespace rfan::replay
