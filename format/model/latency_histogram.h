// Counts reply latencies in log-linear buckets. The status line and `info` show these; a trace stores
// latencies as the numbers of these buckets.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace rfan::format {

// Has eight buckets per power of two, so a percentile is at most 12.5 % above the true value. Values below 8
// ns are exact. It is not thread-safe: one thread owns an instance. Its size is fixed; it never allocates.
class LatencyHistogram {
 public:
  static constexpr std::size_t kBuckets = 240;  // covers 32-bit nanoseconds

  static constexpr std::size_t bucket_of(std::uint32_t ns) {
    if (ns < 8) return ns;
    const auto exponent = static_cast<unsigned>(std::bit_width(ns)) - 1U;
    return 8 + (exponent - 3) * 8 + ((ns >> (exponent - 3)) & 7U);
  }
  // Returns the largest value that falls into `bucket`.
  static constexpr std::uint32_t bucket_upper_ns(std::size_t bucket) {
    if (bucket < 8) return static_cast<std::uint32_t>(bucket);
    const auto shift = static_cast<unsigned>((bucket - 8) / 8);
    const auto mantissa = 8 + (bucket - 8) % 8;
    return static_cast<std::uint32_t>(((static_cast<std::uint64_t>(mantissa) + 1) << shift) - 1);
  }

  // Returns the value in the middle of `bucket`. A latency that is known only by its bucket is shown as this
  // value.
  static constexpr std::uint32_t bucket_middle_ns(std::size_t bucket) {
    const auto upper = bucket_upper_ns(bucket);
    const auto below = bucket == 0 ? 0 : bucket_upper_ns(bucket - 1);
    return bucket < 8 ? upper : upper - (upper - below) / 2;
  }

  void add(std::uint32_t ns, std::uint64_t times = 1) { counts_[bucket_of(ns)] += times; }
  void add_bucket(std::size_t bucket, std::uint64_t times) { counts_[bucket] += times; }
  void merge(const LatencyHistogram& other) {
    for (std::size_t i = 0; i < kBuckets; ++i) counts_[i] += other.counts_[i];
  }

  std::uint64_t total() const {
    std::uint64_t sum = 0;
    for (auto count : counts_) sum += count;
    return sum;
  }
  // Returns the upper bound of the bucket that contains the `fraction` quantile (0 < fraction <= 1), or 0 if
  // the histogram is empty.
  std::uint32_t quantile_ns(double fraction) const {
    const auto sum = total();
    if (sum == 0) return 0;
    auto rank = static_cast<std::uint64_t>(fraction * static_cast<double>(sum));
    if (rank >= sum) rank = sum - 1;
    for (std::size_t i = 0; i < kBuckets; ++i) {
      if (rank < counts_[i]) return bucket_upper_ns(i);
      rank -= counts_[i];
    }
    return bucket_upper_ns(kBuckets - 1);
  }

  std::uint64_t count_in(std::size_t bucket) const { return counts_[bucket]; }
  bool operator==(const LatencyHistogram&) const = default;

 private:
  std::array<std::uint64_t, kBuckets> counts_{};
};

static_assert(LatencyHistogram::bucket_of(UINT32_MAX) == LatencyHistogram::kBuckets - 1);
static_assert(LatencyHistogram::bucket_of(LatencyHistogram::bucket_middle_ns(100)) == 100);
static_assert(LatencyHistogram::bucket_upper_ns(LatencyHistogram::kBuckets - 1) == UINT32_MAX);

}  // namespace rfan::format
