// Decides which differences between two groups of runs are more than noise. Pure functions on numbers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace rfan::replay {

// One value for each key and run. Key-major; the base runs come before the new ones.
struct Samples {
  std::size_t base_runs = 1;
  std::size_t new_runs = 1;
  std::vector<double> values{};

  std::size_t runs() const { return base_runs + new_runs; }
  std::size_t keys() const { return values.size() / runs(); }
  std::span<const double> of(std::size_t key) const { return {&values[key * runs()], runs()}; }
  bool replicated() const { return runs() > 2; }
};

double base_mean(const Samples& samples, std::size_t key);
double new_mean(const Samples& samples, std::size_t key);

// Learns from all keys together how much values of one key differ among runs of the same side.
//
// Few runs say little about one key: there are ten ways to divide five runs into two and three, so the true
// one is the most extreme by chance once in ten, and no test of one key alone gets below 0.1. But there are
// thousands of keys, and all of them show whether runs repeat themselves. Therefore all runs are regrouped
// across the sides in every other way, and the differences between these groups are noise:
//
//  - A score is the difference of the two means, divided by the difference that the key's own spread (or the
//    `floor` if that is larger) makes expect. The scores of the regrouped runs fix scale and degrees of
//    freedom of a Student distribution; each side's mean is subtracted first, so that a true difference does
//    not pass for noise. The tail of the distribution is the p-value of a key that varies within a side.
//  - A step is a key that has one value in all runs of a side and another value in all runs of the other. Its
//    p-value is that tail times the share of steps among all regrouped keys: if every run does the same, a
//    step of one event is a finding; if some keys flip at random, it is not.
//
// The share is never 0, since a finite number of comparisons cannot prove that: it assumes kPriorFindings
// steps in addition to those seen.
//
// With one run a side nothing can be regrouped, and every key is a step. The share is then that of the keys
// on both sides that differ (as if all of these were noise), the floor has to come from slices, and the tail
// stays heavy.
class NoiseFloor {
 public:
  // `floor` is the least variance of one run's value that is believed, for each key, > 0.
  NoiseFloor(const Samples& samples, std::vector<double> floor);

  // Returns the two-sided p-value.
  double p_value(std::size_t key) const;

  // Pairs of recordings of the same compile showed less than this (bench/README.md).
  static constexpr double kPriorFindings = 0.1;

 private:
  void learn_from_regrouped_runs();
  void learn_from_pair();
  double score(std::span<const double> values, std::uint32_t base_mask, double floor) const;

  const Samples& samples_;
  std::vector<double> floor_;
  double share_ = 1;
  double scale_ = 1;
  double degrees_ = 3;
};

// Returns the variance over the mean of counts among runs of the same side, pooled over all keys; at least
// kLeastDispersion.
double count_dispersion(const Samples& samples);
inline constexpr double kLeastDispersion = 0.05;

// Returns the dispersion from slices: `even` and `all` are counts of one run's events in even slices and in
// all slices. Takes the median over keys, so that single bursts do not decide; at least 1.
double slice_dispersion(std::span<const double> even, std::span<const double> all);

// Returns for each p-value the expected share of false findings if everything with this p-value or a smaller
// one is reported.
std::vector<double> benjamini_hochberg(std::span<const double> p_values);

// Returns the probability that a Student variable with `degrees` of freedom is at least t (t >= 0).
double student_tail(double t, double degrees);

double median(std::vector<double> values);  // 0 if empty

}  // namespace rfan::replay
