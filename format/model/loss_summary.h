// How losses are added up: the one rule for the recorder's ledger, for FOOTER and for what people read.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "format/model/event.h"

namespace rfan::format {

// Losses merged by cause and by whether their count is known: at most two entries a cause, each with the time
// span of what went into it. An entry of unknown size never swallows a known count, nor the reverse, so that
// "at least 120" stays sayable whatever is merged with what, and in which order.
class LossSummary {
 public:
  LossSummary() = default;
  explicit LossSummary(std::span<const Loss> losses) {
    for (const auto& loss : losses) add(loss);
  }
  void add(const Loss& loss);
  void clear() { losses_.clear(); }
  bool empty() const { return losses_.empty(); }
  // In the order in which the causes were first seen.
  const std::vector<Loss>& losses() const { return losses_; }

 private:
  std::vector<Loss> losses_;
};

// A number of events of which only a lower bound may be known.
struct LossCount {
  std::uint64_t known = 0;
  bool and_more = false;  // besides, there were losses of unknown size

  bool none() const { return known == 0 && !and_more; }
  void add(const Loss& loss);
  bool operator==(const LossCount&) const = default;
};
// "1,200", "at least 1,200", "an unknown number of": goes before "events".
std::string loss_count_text(const LossCount& count);

}  // namespace rfan::format
