// Says how the recordings of both sides differ, apart from what they recorded.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "replay/diff/runs/run_tally.h"

namespace rfan::replay {

struct RecordingTerms {
  std::uint32_t kinds = ~std::uint32_t{0};  // bit for each kind of event that all recordings asked for
  std::vector<std::string> differences;     // one clause each, for people
  // The filesystems that the new runs did not cover, "/mnt/x (fuse)". Kernel interfaces and mounts that
  // another one hides are left out.
  std::vector<std::string> uncovered;
};

// Compares --hold, the kinds of events, the kernel, redaction and the covered filesystems of the first `base`
// runs with those of the others.
RecordingTerms compare_terms(std::span<const RunPart> parts, std::size_t base);

}  // namespace rfan::replay
