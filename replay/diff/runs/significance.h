// Which differences between two groups of runs are more than noise. Pure functions on numbers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace rfan::replay {

// One value for each key and run: key-major, the runs of the base before the new ones.
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

// How much the values of the same key differ among runs of the same side, learnt from all keys together.
//
// Few runs say little about one key: of the ten ways to divide five runs into two and three, the true one is
// the most extreme by chance once in ten, so that no test of one key alone gets below 0.1. But there are
// thousands of keys, and whether runs repeat themselves shows in all of them. Therefore all runs are
// regrouped across the sides in every other way, and what that gives is noise:
//
//  - A score is the difference of the two means in units of what the key's own spread, or the `floor` if that
//    is larger, makes expect. The scores of the regrouped runs (after each side's mean was taken off, lest a
//    true difference pass for noise) fix scale and degrees of freedom of a Student distribution, whose tail
//    is the p-value of a key that varies within a side.
//  - A key that is the same in all runs of a side, and another one in all runs of the other, is a step. Its
//    p-value is that tail times the share of steps among all regrouped keys: where every run does the same,
//    a step of one event is a finding; where some keys flip at random, it is not.
//
// The share is never 0, since a finite number of comparisons cannot show that: kPriorFindings steps are
// assumed to have been seen.
//
// With one run a side nothing can be regrouped, and every key is a step: the share is that of the keys on
// both sides that differ (as if all of these were noise), the floor has to come from slices, and the tail is
// kept heavy.
class NoiseFloor {
 public:
  // `floor`: for each key, the least variance of one run's value that is believed, > 0.
  NoiseFloor(const Samples& samples, std::vector<double> floor);

  // Two-sided.
  double p_value(std::size_t key) const;

  // What pairs of recordings of the same compile showed is below it (bench/README.md).
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

// Variance over mean of counts, pooled over all keys, among runs of the same side; at least kLeastDispersion.
double count_dispersion(const Samples& samples);
inline constexpr double kLeastDispersion = 0.05;

// The same from slices: `even` and `all` are counts of one run's events in slices of even number, and in all.
// The median over keys, so that single bursts do not decide; at least 1.
double slice_dispersion(std::span<const double> even, std::span<const double> all);

// Expected share of false findings when everything with this p-value or a smaller one is reported.
std::vector<double> benjamini_hochberg(std::span<const double> p_values);

// Probability that a Student variable with `degrees` of freedom is at least t (t >= 0).
double student_tail(double t, double degrees);

double median(std::vector<double> values);  // 0 when empty

}  // namespace rfan::replay
