#include "replay/query/scan_counts.h"

#include <fmt/format.h>

#include "format/base/number_text.h"

namespace rfan::replay {

std::string counts_text(const ScanCounts& counts) {
  const auto text = [](const std::atomic<std::uint64_t>& count) { return format::count_text(count.load()); };
  return fmt::format(
      "{} blocks: {} outside the time, {} excluded by their statistics, {} answered by them; {} columns of "
      "{} "
      "events decoded, {} events matched",
      text(counts.blocks), text(counts.outside_time), text(counts.excluded), text(counts.from_statistics),
      text(counts.columns), text(counts.events), text(counts.matched));
}

}  // namespace rfan::replay
