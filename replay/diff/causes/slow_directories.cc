#include "replay/diff/causes/slow_directories.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "format/base/number_text.h"
#include "replay/diff/causes/differences.h"
#include "replay/diff/causes/path_tree.h"

namespace rfan::replay {
namespace {

// Fewer events of a run do not show a typical time.
constexpr std::uint64_t kLeastWaits = 8;
// A directory counts as slower or faster only if its typical time doubled or halved.
constexpr double kLeastLog2 = 1;
// The spread between runs is assumed to be at least this (in log2: 7 %).
constexpr double kLeastSpread = 0.1;

struct Directory {
  std::string name;
  std::vector<RunSum> sums;                     // by run
  std::map<std::uint32_t, double> actor_delta;  // ns
};

double mean_log2(const RunSum& sum) {
  return sum.waited_log2 / static_cast<double>(sum.waits);
}

class SlowDirectoryFinder {
 public:
  explicit SlowDirectoryFinder(const Comparison& comparison)
      : comparison_(comparison), samples_(comparison.samples()) {
    collect();
    for (const auto& directory : directories_) {
      for (const auto& sum : directory.sums) samples_.values.push_back(mean_log2(sum));
    }
    take_off_run_effects();
  }

  SlowDirectories run() {
    SlowDirectories result;
    if (directories_.empty()) return result;
    const NoiseFloor noise(samples_, floors());
    std::vector<double> p_values(directories_.size());
    for (std::size_t i = 0; i < p_values.size(); ++i) p_values[i] = noise.p_value(i);
    const auto q_values = benjamini_hochberg(p_values);
    for (std::size_t i = 0; i < directories_.size(); ++i) {
      auto finding = finding_of(i);
      const bool agree = (shift(i) > 0) == (finding.share > 0);
      if (!agree || std::abs(shift(i)) < kLeastLog2 || std::abs(finding.share) < kLeastTimeShare) continue;
      (q_values[i] <= kFalseDiscoveryRate ? result.significant : result.hidden).push_back(std::move(finding));
    }
    return result;
  }

 private:
  void collect() {
    std::map<std::string_view, Directory> all;
    for (std::size_t cell = 0; cell < comparison_.cells().size(); ++cell) {
      const auto& [actor, path, kind] = comparison_.cells()[cell];
      if (!on_both_sides(actor)) continue;
      auto& directory = all[parent_of(comparison_.paths()[path])];
      directory.sums.resize(comparison_.runs());
      for (std::size_t run = 0; run < comparison_.runs(); ++run) {
        const auto& sum = comparison_.sum(cell, run);
        directory.sums[run].add(sum);
        const auto ns = static_cast<double>(sum.waited_ns);
        directory.actor_delta[actor] += run < comparison_.base_runs() ? -ns : ns;
        total_ns_ += ns / static_cast<double>(comparison_.runs());
      }
    }
    for (auto& [name, directory] : all) {
      const bool enough = std::all_of(directory.sums.begin(), directory.sums.end(),
                                      [](const RunSum& sum) { return sum.waits >= kLeastWaits; });
      if (!enough) continue;
      directory.name = name;
      directories_.push_back(std::move(directory));
    }
  }

  // Returns true if both sides have the program. The time of a one-sided program is no change of the
  // directory.
  bool on_both_sides(std::uint32_t actor) const {
    const auto executions = comparison_.executions(actor);
    return comparison_.mean(executions, Side::kBase) > 0 && comparison_.mean(executions, Side::kNew) > 0;
  }

  // Subtracts from each value by how much its run as a whole is slower than the mean of all: the median over
  // the directories.
  void take_off_run_effects() {
    const auto runs = std::max<std::size_t>(comparison_.runs(), 1);
    for (std::size_t run = 0; run < runs; ++run) {
      std::vector<double> effects;
      for (std::size_t key = 0; key < directories_.size(); ++key) {
        const auto values = samples_.of(key);
        effects.push_back(values[run] -
                          (comparison_.mean(values, Side::kBase) + comparison_.mean(values, Side::kNew)) / 2);
      }
      run_effects_.push_back(median(std::move(effects)));
    }
    for (std::size_t i = 0; i < samples_.values.size(); ++i) samples_.values[i] -= run_effects_[i % runs];
  }

  double shift(std::size_t key) const { return new_mean(samples_, key) - base_mean(samples_, key); }

  // Returns the floors of the variance of a run's value: the usual variance between runs, and that of few
  // events.
  std::vector<double> floors() const {
    std::vector<double> sampling;
    std::vector<double> distances;
    for (std::size_t key = 0; key < directories_.size(); ++key) {
      RunSum sum;
      for (const auto& one : directories_[key].sums) sum.add(one);
      const auto n = static_cast<double>(sum.waits);
      const double variance = sum.waited_log2_squares / n - std::pow(sum.waited_log2 / n, 2);
      sampling.push_back(std::max(0.0, variance) / (n / static_cast<double>(comparison_.runs())));
      // With two runs the median distance shows the spread, since most directories are no slower than before.
      const auto values = samples_.of(key);
      const auto base = values.first(comparison_.base_runs());
      const auto fresh = values.subspan(comparison_.base_runs());
      const auto side = base.size() > fresh.size() ? base : fresh;
      const auto [least, most] = std::minmax_element(side.begin(), side.end());
      distances.push_back(samples_.replicated() ? *most - *least : std::abs(shift(key)));
    }
    constexpr double kNormalMedian = 0.954;  // median of |x - y|, in standard deviations
    const double spread = std::max(kLeastSpread, median(std::move(distances)) / kNormalMedian);
    for (auto& floor : sampling) floor += spread * spread;
    return sampling;
  }

  Finding finding_of(std::size_t key) const {
    const auto& directory = directories_[key];
    Finding finding;
    std::vector<double> ns;
    std::uint64_t events = 0;
    for (const auto& sum : directory.sums) {
      ns.push_back(static_cast<double>(sum.waited_ns));
      events += sum.waits;
    }
    finding.base = comparison_.mean(ns, Side::kBase);
    finding.fresh = comparison_.mean(ns, Side::kNew);
    finding.share = total_ns_ == 0 ? 0 : finding.delta() / total_ns_;
    finding.change = shift(key) > 0 ? Change::kSlower : Change::kFaster;
    finding.what = directory.name + "/*";
    const auto slowest = std::max_element(
        directory.actor_delta.begin(), directory.actor_delta.end(), [&](const auto& a, const auto& b) {
          return finding.delta() > 0 ? a.second < b.second : a.second > b.second;
        });
    finding.by = comparison_.actors()[slowest->first].program().label();
    const auto typical = [&](double log2) {
      return format::latency_text(static_cast<std::uint64_t>(std::exp2(log2)));
    };
    finding.detail = fmt::format("typically {} before, now {}, for each of {} events",
                                 typical(base_mean(samples_, key)), typical(new_mean(samples_, key)),
                                 format::count_text(events / std::max<std::size_t>(comparison_.runs(), 1)));
    return finding;
  }

  const Comparison& comparison_;
  Samples samples_;
  std::vector<Directory> directories_;
  std::vector<double> run_effects_;
  double total_ns_ = 0;
};

}  // namespace

SlowDirectories find_slow_directories(const Comparison& comparison) {
  return SlowDirectoryFinder(comparison).run();
}

}  // namespace rfan::replay
