// Tells a storm of opens from ordinary load.
#pragma once

#include <cstdint>

namespace rfan::recorder {

// Counts the opens that did not wait alone. Enough of them within a window are a storm. Reader thread.
class StormDetector {
 public:
  static constexpr std::uint64_t kWindowNs = 10'000'000;
  // Ten times what a parallel compile makes, half of what 16 threads make that do nothing else.
  static constexpr std::int64_t kOpens = 100;

  // Adds the opens that one read() found waiting, perhaps none. Returns true when a storm began or ended.
  bool add(std::int64_t opens, std::uint64_t now_ns);
  bool is_storm() const { return is_storm_; }

 private:
  std::uint64_t window_ns_ = 0;     // when it began
  std::int64_t crowded_opens_ = 0;  // in it
  bool is_storm_ = false;
};

}  // namespace rfan::recorder
