#include "replay/diff/causes/path_causes.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <string>

namespace rfan::replay {
namespace {

class PathCauses {
 public:
  PathCauses(const Comparison& comparison, const PathTree& tree, std::span<const Difference> differences)
      : comparison_(comparison), tree_(tree), differences_(differences) {}

  // Groups the differences of each path first, since their programs together are part of the key of a cause.
  std::vector<Finding> run(std::span<const std::uint32_t> which) {
    std::map<std::pair<std::uint32_t, int>, DifferenceGroup> by_path;
    for (const auto i : which) {
      const auto change = direction(differences_[i]);
      const bool one_sided = change == Change::kNew || change == Change::kGone;
      const int apart = static_cast<int>(change) * 2 + (differences_[i].writes && !one_sided);
      auto& group = by_path[{differences_[i].path, apart}];
      group.change = change;
      group.members.push_back(i);
    }
    std::map<std::string, DifferenceGroup> by_cause;
    for (const auto& [key, group] : by_path) {
      auto& cause = by_cause[cause_key(key.first, key.second, group)];
      cause.change = group.change;
      cause.members.insert(cause.members.end(), group.members.begin(), group.members.end());
    }
    pair_moves(by_cause);
    for (const auto& [key, group] : by_cause) findings_.push_back(path_finding(group));
    return std::move(findings_);
  }

 private:
  Change direction(const Difference& difference) const {
    const auto side = tree_.sides_of(difference.path);
    if (!side.base) return Change::kNew;
    if (!side.fresh) return Change::kGone;
    return difference.delta() > 0 ? Change::kMore : Change::kLess;
  }

  // Returns the names of the group's paths relative to `directory`.
  std::vector<std::string_view> relative_names(const DifferenceGroup& group,
                                               std::string_view directory) const {
    std::vector<std::string_view> names;
    for (const auto i : group.members) {
      std::string_view path = comparison_.paths()[differences_[i].path];
      if (path.size() > directory.size()) names.push_back(path.substr(directory.size()));
    }
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    return names;
  }

  std::string_view common_directory_of(const DifferenceGroup& group) const {
    std::string_view common = comparison_.paths()[differences_[group.members.front()].path];
    for (const auto i : group.members)
      common = common_directory(common, comparison_.paths()[differences_[i].path]);
    return common;
  }

  bool same_names(const DifferenceGroup& gone, const DifferenceGroup& fresh) const {
    const auto before = relative_names(gone, common_directory_of(gone));
    const auto after = relative_names(fresh, common_directory_of(fresh));
    std::vector<std::string_view> common;
    std::set_intersection(before.begin(), before.end(), after.begin(), after.end(),
                          std::back_inserter(common));
    return 2 * common.size() > std::max(before.size(), after.size());
  }

  void pair_moves(std::map<std::string, DifferenceGroup>& by_cause) {
    for (auto fresh = by_cause.begin(); fresh != by_cause.end(); ++fresh) {
      if (fresh->second.change != Change::kNew || fresh->second.members.size() < 2) continue;
      const auto gone = std::find_if(by_cause.begin(), by_cause.end(), [&](const auto& entry) {
        return entry.second.change == Change::kGone && same_names(entry.second, fresh->second);
      });
      if (gone == by_cause.end()) continue;
      Finding finding = path_finding(fresh->second);
      finding.change = Change::kMoved;
      finding.instead = path_finding(gone->second).what;
      finding.base = path_finding(gone->second).base;
      finding.events = finding.fresh + finding.base;
      finding.detail = "the same names; --map makes them one";
      findings_.push_back(std::move(finding));
      by_cause.erase(gone);
      fresh->second.change = Change::kMoved;
    }
    std::erase_if(by_cause, [](const auto& entry) { return entry.second.change == Change::kMoved; });
  }

  // Returns the key of a path's cause: the directory that is new or gone as a whole, else its directory and
  // programs.
  std::string cause_key(std::uint32_t path, int apart, const DifferenceGroup& group) const {
    const auto prefix = std::to_string(apart) + '\0';
    const bool one_sided = group.change == Change::kNew || group.change == Change::kGone;
    const auto whole = one_sided ? tree_.outermost_one_sided(path) : std::string_view();
    if (!whole.empty()) return prefix + std::string(whole);
    return prefix + std::string(parent_of(comparison_.paths()[path])) + '\0' +
           program_labels(group.members, comparison_, differences_);
  }

  Finding path_finding(const DifferenceGroup& group) const {
    auto finding = summed(group, comparison_, differences_);
    finding.change = group.change;
    finding.writes = std::all_of(group.members.begin(), group.members.end(),
                                 [&](auto i) { return differences_[i].writes; });
    finding.by = program_labels(group.members, comparison_, differences_);
    if (finding.files == 1) {
      finding.what = finding.paths.front();
      return finding;
    }
    finding.what = std::string(common_directory_of(group)) + "/**";
    return finding;
  }

  const Comparison& comparison_;
  const PathTree& tree_;
  std::span<const Difference> differences_;
  std::vector<Finding> findings_;
};

}  // namespace

std::vector<Finding> find_path_causes(const Comparison& comparison, const PathTree& tree,
                                      std::span<const Difference> differences,
                                      std::span<const std::uint32_t> which) {
  return PathCauses(comparison, tree, differences).run(which);
}

}  // namespace rfan::replay
