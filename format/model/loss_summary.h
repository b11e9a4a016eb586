// Adds up losses. The recorder's ledger, the FOOTER and everything that people read use this one rule.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "format/model/event.h"

namespace rfan::format {

// Merges losses by cause and by whether their count is known: at most two entries a cause, each with the time
// span of its losses. An entry of unknown size never merges with a known count, so "at least 120" can be said
// whatever was merged, in whatever order.
class LossSummary {
 public:
  LossSummary() = default;
  explicit LossSummary(std::span<const Loss> losses) {
    for (const auto& loss : losses) add(loss);
  }
  void add(const Loss& loss);
  void clear() { losses_.clear(); }
  bool empty() const { return losses_.empty(); }
  // Returns the entries in the order in which they were first seen.
  const std::vector<Loss>& losses() const { return losses_; }

 private:
  std::vector<Loss> losses_;
};

// A number of events, or a lower bound of it.
struct LossCount {
  std::uint64_t known = 0;
  bool and_more = false;  // there were also losses of unknown size

  bool none() const { return known == 0 && !and_more; }
  void add(const Loss& loss);
  bool operator==(const LossCount&) const = default;
};
// Returns text to put before "events": "1,200", "at least 1,200" or "an unknown number of".
std::string loss_count_text(const LossCount& count);

}  // namespace rfan::format
