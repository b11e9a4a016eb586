#include "replay/diff/runs/recording_terms.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "format/model/kernel_interfaces.h"

namespace rfan::replay {
namespace {

using format::MountCoverage;
using format::TraceMeta;
using Names = std::set<std::string>;

// Adds to `names` what one recording says.
using Collect = void (*)(const TraceMeta& meta, Names& names);

void collect_hold(const TraceMeta& meta, Names& names) {
  names.emplace(format::hold_mode_name(meta.hold));
}

void collect_kinds(const TraceMeta& meta, Names& names) {
  for (unsigned kind = 0; kind < format::kEventKindLimit; ++kind) {
    const auto name = format::event_kind_name(static_cast<format::EventKind>(kind));
    if ((meta.event_kinds >> kind & 1U) != 0) names.emplace(name);
  }
}

void collect_kernel(const TraceMeta& meta, Names& names) {
  if (!meta.kernel.empty()) names.insert(meta.kernel);
}

void collect_redaction(const TraceMeta& meta, Names& names) {
  if (meta.redacted) names.insert(meta.redaction_key_id);
}

void collect_uncovered(const TraceMeta& meta, Names& names) {
  const auto covers = [&](const std::string& path) {
    return std::any_of(meta.mounts.begin(), meta.mounts.end(),
                       [&](const MountCoverage& other) { return other.covered && other.path == path; });
  };
  for (const auto& mount : meta.mounts) {
    if (mount.covered || format::is_kernel_interface(mount.fs_type) || covers(mount.path)) continue;
    names.insert(fmt::format("{} ({})", mount.path, mount.fs_type));
  }
}

std::string listed(const Names& names) {
  return names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", "));
}

}  // namespace

RecordingTerms compare_terms(std::span<const RunPart> parts, std::size_t base) {
  RecordingTerms terms;
  const auto compare = [&](std::string_view what, Collect collect) {
    Names before;
    Names now;
    for (const auto& part : parts) collect(part.tally->meta(), part.run < base ? before : now);
    if (before != now)
      terms.differences.push_back(fmt::format("{}: {}; now {}", what, listed(before), listed(now)));
    return now;
  };
  compare("--hold", collect_hold);
  compare("kinds of events", collect_kinds);
  compare("kernel", collect_kernel);
  compare("redaction key", collect_redaction);
  const auto uncovered = compare("filesystems not covered", collect_uncovered);
  terms.uncovered.assign(uncovered.begin(), uncovered.end());
  for (const auto& part : parts) {
    const auto kinds = part.tally->meta().event_kinds;
    if (kinds != 0) terms.kinds &= kinds;
  }
  return terms;
}

}  // namespace rfan::replay
