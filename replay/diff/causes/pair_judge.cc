#include "replay/diff/causes/pair_judge.h"

#include <algorithm>
#include <cmath>

#include "replay/diff/runs/significance.h"

namespace rfan::replay {
namespace {

constexpr double kDegrees = 3;
constexpr double kMostClear = 0.1;
constexpr double kMostLikely = 1;
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
  // Whether a file is there rarely varies, but how often something happens does: a count has to convince
  // alone.
  if (!cause.is_fact()) expected = std::max(expected, chance);
  if (has_random_name(cause)) expected *= kRandomNameFactor;
  if (expected > kMostLikely) return Tag::kWeak;
  const bool few = !cause.is_fact() && std::abs(cause.events) < kLeastClearCount;
  return expected > kMostClear || few || cause.choice ? Tag::kLikely : Tag::kClear;
}

}  // namespace

void judge_pair(std::vector<Finding>& causes) {
  for (auto& cause : causes) {
    const auto smaller = std::count_if(causes.begin(), causes.end(), [&](const Finding& other) {
      return &other != &cause && other.is_fact() == cause.is_fact() &&
             std::abs(other.events) <= std::abs(cause.events);
    });
    cause.tag = tag_of(cause, static_cast<double>(smaller));
  }
}

}  // namespace rfan::replay
