#include "replay/diff/runs/significance.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <numeric>

namespace rfan::replay {
namespace {

// More regroupings teach nothing new: the pool has this many values for each key.
constexpr std::size_t kMaxRegroupings = 64;
// Fewer scores do not show how heavy the tail is.
constexpr std::size_t kMinPool = 50;
// The part of the pool at which the tail is compared.
constexpr double kTailPart = 0.02;

double mean(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

// The sum of squared distances to the mean of each group, and its degrees of freedom.
struct Spread {
  double squares = 0;
  double degrees = 0;
};

Spread spread_within(std::span<const double> values, std::uint32_t base_mask) {
  double sums[2] = {0, 0};
  double counts[2] = {0, 0};
  for (std::size_t i = 0; i < values.size(); ++i) {
    sums[base_mask >> i & 1U] += values[i];
    counts[base_mask >> i & 1U] += 1;
  }
  Spread spread{0, static_cast<double>(values.size()) - 2};
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto group = base_mask >> i & 1U;
    const double distance = values[i] - sums[group] / counts[group];
    spread.squares += distance * distance;
  }
  return spread;
}

// Returns the ways to choose `base` of all runs as base, except the true one and its mirror image. Each
// division into two groups occurs once; at most kMaxRegroupings.
std::vector<std::uint32_t> regroupings(std::size_t base, std::size_t all) {
  std::vector<std::uint32_t> masks;
  const auto truth = (1U << base) - 1;
  const bool symmetric = 2 * base == all;
  const auto end = std::uint64_t{1} << all;
  for (std::uint64_t mask = 0; mask < end; ++mask) {
    const auto chosen = static_cast<std::uint32_t>(mask);
    if (static_cast<std::size_t>(std::popcount(chosen)) != base || chosen == truth) continue;
    if (symmetric && !(chosen & 1U)) continue;
    masks.push_back(chosen);
  }
  if (masks.size() <= kMaxRegroupings) return masks;
  std::vector<std::uint32_t> some;
  for (std::size_t i = 0; i < kMaxRegroupings; ++i) some.push_back(masks[i * masks.size() / kMaxRegroupings]);
  return some;
}

// Returns true if the runs of each group agree and the groups differ.
bool is_step(std::span<const double> values, std::uint32_t base_mask) {
  double of_group[2] = {0, 0};
  bool seen[2] = {false, false};
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto group = base_mask >> i & 1U;
    if (seen[group] && values[i] != of_group[group]) return false;
    of_group[group] = values[i];
    seen[group] = true;
  }
  return of_group[0] != of_group[1];
}

// Returns the continued fraction of the incomplete beta function (Abramowitz and Stegun 26.5.8, by Lentz's
// method).
double beta_fraction(double a, double b, double x) {
  constexpr double kTiny = 1e-300;
  const auto guarded = [](double value) { return std::abs(value) < kTiny ? kTiny : value; };
  double c = 1;
  double d = 1 / guarded(1 - (a + b) * x / (a + 1));
  double result = d;
  for (int m = 1; m <= 300; ++m) {
    const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / guarded(1 + even * d);
    c = guarded(1 + even / c);
    result *= d * c;
    const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / guarded(1 + odd * d);
    c = guarded(1 + odd / c);
    result *= d * c;
    if (std::abs(d * c - 1) < 1e-14) break;
  }
  return result;
}

double incomplete_beta(double a, double b, double x) {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const double front =
      std::exp(std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) + a * std::log(x) + b * std::log1p(-x));
  if (x < (a + 1) / (a + b + 2)) return front * beta_fraction(a, b, x) / a;
  return 1 - front * beta_fraction(b, a, 1 - x) / b;
}

double student_quantile(double tail, double degrees) {
  double low = 0;
  double high = 1;
  while (student_tail(high, degrees) > tail) high *= 2;
  for (int i = 0; i < 60; ++i) {
    const double middle = (low + high) / 2;
    (student_tail(middle, degrees) > tail ? low : high) = middle;
  }
  return high;
}

}  // namespace

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

double base_mean(const Samples& samples, std::size_t key) {
  return mean(samples.of(key).first(samples.base_runs));
}

double new_mean(const Samples& samples, std::size_t key) {
  return mean(samples.of(key).last(samples.new_runs));
}

double student_tail(double t, double degrees) {
  return incomplete_beta(degrees / 2, 0.5, degrees / (degrees + t * t)) / 2;
}

std::vector<double> benjamini_hochberg(std::span<const double> p_values) {
  std::vector<std::size_t> order(p_values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](auto a, auto b) { return p_values[a] > p_values[b]; });
  std::vector<double> q_values(p_values.size());
  double least = 1;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const auto rank = static_cast<double>(order.size() - i);
    least = std::min(least, p_values[order[i]] * static_cast<double>(order.size()) / rank);
    q_values[order[i]] = least;
  }
  return q_values;
}

double count_dispersion(const Samples& samples) {
  double variance = 0;
  double sum = 0;
  const auto truth = (1U << samples.base_runs) - 1;
  for (std::size_t key = 0; key < samples.keys(); ++key) {
    const auto spread = spread_within(samples.of(key), truth);
    variance += spread.squares / std::max(1.0, spread.degrees);
    sum += mean(samples.of(key));
  }
  return sum == 0 ? kLeastDispersion : std::max(kLeastDispersion, variance / sum);
}

double slice_dispersion(std::span<const double> even, std::span<const double> all) {
  // A key with few events has no meaningful index.
  constexpr double kEnough = 8;
  constexpr double kMedianOfChiSquare = 0.4549;
  std::vector<double> indices;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const double odd = all[i] - even[i];
    if (all[i] >= kEnough) indices.push_back((even[i] - odd) * (even[i] - odd) / all[i]);
  }
  return std::max(1.0, median(std::move(indices)) / kMedianOfChiSquare);
}

NoiseFloor::NoiseFloor(const Samples& samples, std::vector<double> floor)
    : samples_(samples), floor_(std::move(floor)) {
  samples.replicated() ? learn_from_regrouped_runs() : learn_from_pair();
}

double NoiseFloor::score(std::span<const double> values, std::uint32_t base_mask, double floor) const {
  double sums[2] = {0, 0};
  double counts[2] = {0, 0};
  for (std::size_t i = 0; i < values.size(); ++i) {
    sums[base_mask >> i & 1U] += values[i];
    counts[base_mask >> i & 1U] += 1;
  }
  const double difference = std::abs(sums[1] / counts[1] - sums[0] / counts[0]);
  if (difference <= 1e-9 * (1 + std::abs(sums[0]) + std::abs(sums[1]))) return 0;
  const auto spread = spread_within(values, base_mask);
  const double own = spread.degrees > 0 ? spread.squares / spread.degrees : 0;
  return difference / std::sqrt(std::max(own, floor) * (1 / counts[0] + 1 / counts[1]));
}

void NoiseFloor::learn_from_regrouped_runs() {
  const auto masks = regroupings(samples_.base_runs, samples_.runs());
  const auto base = static_cast<double>(samples_.base_runs);
  const auto fresh = static_cast<double>(samples_.new_runs);
  std::vector<double> pool;
  std::vector<double> residuals(samples_.runs());
  double steps = 0;
  for (std::size_t key = 0; key < samples_.keys(); ++key) {
    const auto values = samples_.of(key);
    for (std::size_t i = 0; i < values.size(); ++i) {
      const bool is_base = i < samples_.base_runs;
      const double size = is_base ? base : fresh;
      // A residual is smaller than the noise it represents, since the mean took a part of it. Widen it by
      // that part.
      const double widen = size > 1 ? std::sqrt(size / (size - 1)) : 0;
      residuals[i] = (values[i] - (is_base ? base_mean(samples_, key) : new_mean(samples_, key))) * widen;
    }
    for (const auto mask : masks) {
      if (const double noise = score(residuals, mask, floor_[key]); noise > 0) pool.push_back(noise);
      steps += is_step(values, mask);
    }
  }
  const double comparisons = static_cast<double>(samples_.keys() * masks.size());
  share_ = std::min(1.0, (steps + kPriorFindings) / (comparisons + kPriorFindings));
  degrees_ = std::max(2.0, base + fresh - 2);
  if (pool.size() < kMinPool) return;
  std::sort(pool.begin(), pool.end());
  const auto tail = static_cast<std::size_t>(kTailPart * static_cast<double>(pool.size()));
  for (const double degrees : {30.0, 20.0, 12.0, 8.0, 6.0, 5.0, 4.0, 3.0, 2.0}) {
    degrees_ = degrees;
    scale_ = std::max(1.0, pool[pool.size() / 2] / student_quantile(0.25, degrees));
    if (scale_ * student_quantile(kTailPart / 2, degrees) >= pool[pool.size() - 1 - tail]) break;
  }
}

void NoiseFloor::learn_from_pair() {
  double keys = 0;
  double differ = 0;
  for (std::size_t key = 0; key < samples_.keys(); ++key) {
    const auto values = samples_.of(key);
    if (values[0] == 0 || values[1] == 0) continue;
    ++keys;
    differ += values[0] != values[1];
  }
  share_ = std::min(1.0, (differ + kPriorFindings) / (keys + 1));
}

double NoiseFloor::p_value(std::size_t key) const {
  const auto truth = (1U << samples_.base_runs) - 1;
  const auto values = samples_.of(key);
  const double t = score(values, truth, floor_[key]);
  if (t == 0) return 1;
  const double share = samples_.replicated() && !is_step(values, truth) ? 1 : share_;
  return std::min(1.0, share * 2 * student_tail(t / scale_, degrees_));
}

}  // namespace rfan::replay
