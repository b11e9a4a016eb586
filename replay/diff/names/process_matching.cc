#include "replay/diff/names/process_matching.h"

#include <absl/container/flat_hash_map.h>

#include <algorithm>
#include <numeric>
#include <string>

namespace rfan::replay {
namespace {

constexpr std::uint32_t kNone = UINT32_MAX;
// Command lines with at least this similarity are alike.
constexpr double kAlike = 0.5;

struct Candidate {
  ProcessShape shape;
  bool on[2] = {false, false};  // by Side
  std::uint32_t joins = kNone;

  bool one_sided() const { return on[0] != on[1]; }
};

std::string program_key(const ProcessShape& shape) {
  return shape.program().name();
}

std::string place_of(const ProcessShape& shape) {
  return place_key(shape.chain);
}

std::string full_key(const ProcessShape& shape) {
  auto key = place_key(shape.chain) + '\0';
  for (const auto& option : shape.options) (key += option) += '\0';
  return key;
}

// Returns the number of ancestors in common, counted from the inside.
double common_ancestors(const ProcessShape& a, const ProcessShape& b) {
  const auto ends = std::mismatch(a.chain.rbegin(), a.chain.rend(), b.chain.rbegin(), b.chain.rend());
  return static_cast<double>(ends.first - a.chain.rbegin());
}

// Applies one rule: every one-sided candidate without a partner joins the most similar candidate of the other
// side that has the same key, at least the option similarity `least`, and for which `open` is true.
template <typename Key, typename Similarity, typename Open>
void join(std::vector<Candidate>& candidates, Key key, double least, Similarity similarity, Open open) {
  absl::flat_hash_map<std::string, std::vector<std::uint32_t>> groups;
  for (std::uint32_t i = 0; i < candidates.size(); ++i) groups[key(candidates[i].shape)].push_back(i);
  for (std::uint32_t i = 0; i < candidates.size(); ++i) {
    auto& candidate = candidates[i];
    if (!candidate.one_sided() || candidate.joins != kNone) continue;
    double best = -1;
    std::uint32_t partner = kNone;
    for (const auto other : groups[key(candidate.shape)]) {
      const bool across = candidates[other].on[candidate.on[0] ? 1 : 0];
      if (other == i || !across || !open(candidates[other])) continue;
      if (option_similarity(candidate.shape, candidates[other].shape) < least) continue;
      const auto alike = similarity(candidate.shape, candidates[other].shape);
      if (alike > best) best = alike, partner = other;
    }
    candidate.joins = partner;
  }
}

// Returns the representative of each candidate. Any number of candidates that joined each other are one
// actor; the smallest index represents them.
std::vector<std::uint32_t> representatives(const std::vector<Candidate>& candidates) {
  std::vector<std::uint32_t> lead(candidates.size());
  std::iota(lead.begin(), lead.end(), 0U);
  const auto find = [&](std::uint32_t i) {
    while (lead[i] != i) i = lead[i] = lead[lead[i]];
    return i;
  };
  for (std::uint32_t i = 0; i < candidates.size(); ++i) {
    if (candidates[i].joins == kNone) continue;
    const auto [low, high] = std::minmax({find(i), find(candidates[i].joins)});
    lead[high] = low;
  }
  for (std::uint32_t i = 0; i < candidates.size(); ++i) lead[i] = find(i);
  return lead;
}

}  // namespace

ActorMatch match_processes(std::span<const RunShapes> runs) {
  std::vector<Candidate> candidates;
  absl::flat_hash_map<std::string, std::uint32_t> ids;
  ActorMatch match;
  for (const auto& run : runs) {
    auto& actor_of = match.actor_of.emplace_back();
    for (const auto& shape : run.shapes) {
      const auto [entry, added] =
          ids.try_emplace(full_key(shape), static_cast<std::uint32_t>(candidates.size()));
      if (added) candidates.push_back({shape});
      candidates[entry->second].on[static_cast<int>(run.side)] = true;
      actor_of.push_back(entry->second);
    }
  }
  const auto anyone = [](const Candidate&) { return true; };
  const auto without_partner = [](const Candidate& other) {
    return other.one_sided() && other.joins == kNone;
  };
  for (const double least : {kAlike, 0.0}) {
    join(candidates, place_of, least, option_similarity, anyone);
    join(
        candidates, program_key, least,
        [](const ProcessShape& a, const ProcessShape& b) {
          return common_ancestors(a, b) + option_similarity(a, b);
        },
        without_partner);
  }
  const auto lead = representatives(candidates);
  std::vector<std::uint32_t> number(candidates.size());
  for (std::uint32_t i = 0; i < candidates.size(); ++i) {
    if (lead[i] == i) {
      number[i] = static_cast<std::uint32_t>(match.actors.size());
      match.actors.push_back(candidates[i].shape);
    } else {
      number[i] = number[lead[i]];
    }
  }
  for (auto& actor_of : match.actor_of) {
    for (auto& actor : actor_of) actor = number[actor];
  }
  return match;
}

}  // namespace rfan::replay
