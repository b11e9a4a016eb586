// Makes the traces that tests/golden keeps, by name: one whole, one cut inside its last block, two of a later
// minor version, and one with a loss by an unmarked filesystem.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tests/format/frame_walk.h"
#include "tests/format/future_trace.h"

namespace rfan::tests {

inline std::vector<std::pair<std::string, Bytes>> golden_traces() {
  auto whole = sample_trace();
  std::size_t middle_of_block = 0;
  for (const auto& frame : frames_of(whole)) {
    if (frame.head.is(format::FrameType::kEvents))
      middle_of_block = frame.offset + frame.head.frame_length() / 2;
  }
  Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(middle_of_block));
  return {{"whole", std::move(whole)},
          {"cut", std::move(cut)},
          {"future", future_trace()},
          {"future_incompatible", incompatible_trace()},
          {"unmarked", trace_with_unmarked_filesystem()}};
}

}  // namespace rfan::tests
