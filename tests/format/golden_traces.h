// The traces that tests/golden keeps, by name: one that is whole, one whose last frames are cut off.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tests/format/trace_fixture.h"

namespace rfan::tests {

inline std::vector<std::pair<std::string, Bytes>> golden_traces() {
  auto whole = sample_trace();
  Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(whole.size() / 2));
  return {{"whole", std::move(whole)}, {"cut", std::move(cut)}};
}

}  // namespace rfan::tests
