#include "replay/diff/causes/pair_judge.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "replay/diff/runs/significance.h"

namespace rfan::replay {
namespace {

constexpr double kDegrees = 3;
constexpr double kMostClear = 0.1;
constexpr double kMostLikely = 1;
// A change that every second pair of equal runs would show says nothing.
constexpr double kMostLikelyChance = 0.5;
// A program that reads a file four times instead of three is no news by itself.
constexpr double kLeastClearCount = 5;
// Random names in a cause are a sign of random choice.
constexpr double kRandomNameFactor = 3;

bool has_random_name(const Finding& cause) {
  return cause.what.find("<temp>") != std::string::npos || cause.what.find("<hash>") != std::string::npos;
}

// Returns the probability of a difference as large as that of `cause`, if both sides had the same mean.
double tail(const Finding& cause) {
  const double difference = std::abs(cause.events);
  const double events = cause.is_fact() ? difference : std::max(cause.all_events, difference);
  return 2 * student_tail(difference / std::sqrt(std::max(events, 1.0)), kDegrees);
}

Tag tag_of(const Finding& cause, double smaller) {
  const double chance = tail(cause);
  double expected = (smaller + kPriorCauses) * chance;
  if (has_random_name(cause)) expected *= kRandomNameFactor;
  if (cause.is_fact()) {
    if (expected > kMostLikely) return Tag::kWeak;
    return expected > kMostClear || cause.choice ? Tag::kLikely : Tag::kClear;
  }
  // Whether a file is there rarely varies, but how often something happens does: a count has to convince
  // alone.
  if (expected > kMostLikely || chance > kMostLikelyChance) return Tag::kWeak;
  const bool few = std::abs(cause.events) < kLeastClearCount;
  return std::max(expected, chance) > kMostClear || few ? Tag::kLikely : Tag::kClear;
}

// Returns the events of the causes of one kind, ascending.
std::vector<double> sorted_events(std::span<const Finding> causes, bool facts) {
  std::vector<double> events;
  for (const auto& cause : causes) {
    if (cause.is_fact() == facts) events.push_back(std::abs(cause.events));
  }
  std::sort(events.begin(), events.end());
  return events;
}

}  // namespace

void judge_pair(std::vector<Finding>& causes) {
  const auto facts = sorted_events(causes, true);
  const auto counts = sorted_events(causes, false);
  for (auto& cause : causes) {
    const auto& kind = cause.is_fact() ? facts : counts;
    const auto end = std::upper_bound(kind.begin(), kind.end(), std::abs(cause.events));
    cause.tag = tag_of(cause, static_cast<double>(end - kind.begin() - 1));  // without itself
  }
}

}  // namespace rfan::replay
