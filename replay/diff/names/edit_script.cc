#include "replay/diff/names/edit_script.h"

#include <algorithm>
#include <map>

namespace rfan::replay {
namespace {

using Steps = std::span<const std::uint64_t>;

// The furthest x on each diagonal k = x - y in [-d, d] after d edits; index k + d.
using Frontier = std::vector<std::ptrdiff_t>;

bool goes_down(const Frontier& before, std::ptrdiff_t d, std::ptrdiff_t k) {
  // `before` belongs to d - 1: diagonal k has index k + d - 1.
  if (k == -d) return true;
  return k != d &&
         before[static_cast<std::size_t>(k - 1 + d - 1)] < before[static_cast<std::size_t>(k + 1 + d - 1)];
}

std::ptrdiff_t start_of(const Frontier& before, std::ptrdiff_t d, std::ptrdiff_t k) {
  if (d == 0) return 0;
  return goes_down(before, d, k) ? before[static_cast<std::size_t>(k + 1 + d - 1)]
                                 : before[static_cast<std::size_t>(k - 1 + d - 1)] + 1;
}

// Returns the frontiers up to the one that reaches the end; none if `most` edits do not reach it.
std::vector<Frontier> search(Steps from, Steps to, std::size_t most) {
  const auto n = static_cast<std::ptrdiff_t>(from.size());
  const auto m = static_cast<std::ptrdiff_t>(to.size());
  std::vector<Frontier> frontiers;
  for (std::ptrdiff_t d = 0; d <= static_cast<std::ptrdiff_t>(most); ++d) {
    Frontier now(static_cast<std::size_t>(2 * d + 1), -1);
    for (std::ptrdiff_t k = -d; k <= d; k += 2) {
      std::ptrdiff_t x = start_of(d == 0 ? now : frontiers.back(), d, k);
      while (x < n && x - k >= 0 && x - k < m &&
             from[static_cast<std::size_t>(x)] == to[static_cast<std::size_t>(x - k)])
        ++x;
      now[static_cast<std::size_t>(k + d)] = x;
      if (x >= n && x - k >= m) {
        frontiers.push_back(std::move(now));
        return frontiers;
      }
    }
    frontiers.push_back(std::move(now));
  }
  return {};
}

void mark_moves(std::vector<Edit>& edits) {
  std::map<std::uint64_t, std::size_t> removed;
  std::vector<bool> drop(edits.size(), false);
  for (const auto kind : {Edit::Kind::kRemoved, Edit::Kind::kAdded}) {
    for (std::size_t i = 0; i < edits.size(); ++i) {
      if (edits[i].kind != kind) continue;
      if (kind == Edit::Kind::kRemoved) {
        removed.try_emplace(edits[i].step, i);
      } else if (const auto twin = removed.find(edits[i].step); twin != removed.end()) {
        drop[twin->second] = true;
        edits[i].kind = Edit::Kind::kMoved;
        removed.erase(twin);
      }
    }
  }
  std::size_t i = 0;
  std::erase_if(edits, [&](const Edit&) { return drop[i++]; });
}

}  // namespace

std::optional<std::vector<Edit>> edit_script(Steps from, Steps to, std::size_t most) {
  const auto frontiers = search(from, to, most);
  if (frontiers.empty()) return std::nullopt;
  std::vector<Edit> edits;
  auto k = static_cast<std::ptrdiff_t>(from.size()) - static_cast<std::ptrdiff_t>(to.size());
  for (auto d = static_cast<std::ptrdiff_t>(frontiers.size()) - 1; d > 0; --d) {
    const auto& before = frontiers[static_cast<std::size_t>(d - 1)];
    const bool down = goes_down(before, d, k);
    const auto x = start_of(before, d, k);
    if (down) {
      edits.push_back({Edit::Kind::kAdded, to[static_cast<std::size_t>(x - k - 1)]});
      ++k;
    } else {
      edits.push_back({Edit::Kind::kRemoved, from[static_cast<std::size_t>(x - 1)]});
      --k;
    }
  }
  std::reverse(edits.begin(), edits.end());
  mark_moves(edits);
  return edits;
}

}  // namespace rfan::replay
