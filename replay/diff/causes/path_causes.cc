#include "replay/diff/causes/path_causes.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <tuple>

#include "replay/diff/causes/moves.h"

namespace rfan::replay {
namespace {

// Fewer sibling directories that changed alike are named one by one.
constexpr std::size_t kLeastSiblings = 3;

class PathCauses {
 public:
  PathCauses(const Comparison& comparison, const PathTree& tree, std::span<const Difference> differences)
      : comparison_(comparison), tree_(tree), differences_(differences) {}

  // Groups the differences of each path first, since their programs together are part of the key of a cause.
  std::vector<Finding> run(std::span<const std::uint32_t> which) {
    std::map<std::pair<std::uint32_t, Change>, DifferenceGroup> by_path;
    for (const auto i : which) {
      const auto change = direction(differences_[i]);
      auto& group = by_path[{differences_[i].path, change}];
      group.change = change;
      group.members.push_back(i);
    }
    Causes by_cause;
    for (const auto& [key, group] : by_path) merge(by_cause[cause_key(key.first, group)], group);
    pair_moves(by_cause);
    by_cause = with_programs(by_cause);
    join_siblings(by_cause);
    for (const auto& [key, group] : by_cause) findings_.push_back(path_finding(group));
    return std::move(findings_);
  }

 private:
  // Identifies a cause by change, programs and directory, in this order: the directories of like causes are
  // neighbours.
  struct Key {
    Change change;
    std::string programs;   // empty for a directory that is new or gone as a whole
    std::string directory;  // that holds all of it
    bool operator<(const Key& other) const {
      return std::tie(change, programs, directory) < std::tie(other.change, other.programs, other.directory);
    }
  };
  using Causes = std::map<Key, DifferenceGroup>;

  static void merge(DifferenceGroup& into, const DifferenceGroup& group) {
    into.change = group.change;
    into.members.insert(into.members.end(), group.members.begin(), group.members.end());
  }

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

  std::size_t directories_of(const DifferenceGroup& group) const {
    std::vector<std::string_view> directories;
    const auto common = common_directory_of(group);
    for (const auto i : group.members) {
      const auto& path = comparison_.paths()[differences_[i].path];
      if (path != common) directories.push_back(parent_of(path));
    }
    std::sort(directories.begin(), directories.end());
    return static_cast<std::size_t>(std::unique(directories.begin(), directories.end()) -
                                    directories.begin());
  }

  void pair_moves(Causes& by_cause) {
    std::vector<Causes::iterator> causes;
    std::vector<OneSidedPlace> places;
    for (auto cause = by_cause.begin(); cause != by_cause.end(); ++cause) {
      const auto& group = cause->second;
      if (group.change != Change::kNew && group.change != Change::kGone) continue;
      const auto directory = common_directory_of(group);
      double events = 0;
      for (const auto i : group.members) events += std::abs(differences_[i].delta());
      places.push_back({group.change == Change::kNew, directory, relative_names(group, directory),
                        program_labels(group.members, comparison_, differences_), events});
      causes.push_back(cause);
    }
    for (const auto& move : find_moves(places)) {
      findings_.push_back(moved_finding(causes[move.gone]->second, causes[move.fresh]->second, move.choice));
      by_cause.erase(causes[move.gone]);
      by_cause.erase(causes[move.fresh]);
    }
  }

  Finding moved_finding(const DifferenceGroup& gone, const DifferenceGroup& fresh, bool choice) const {
    auto finding = path_finding(fresh);
    const auto before = path_finding(gone);
    finding.change = Change::kMoved;
    finding.instead = before.what;
    finding.base = before.base;
    finding.events = finding.fresh + finding.base;
    finding.choice = choice;
    if (finding.instead == finding.what) {
      finding.instead.clear();
      finding.detail = "other names than before, as many";
    } else if (finding.files > 1 && !choice) {
      finding.detail = "mostly the same names; may be the cause; if only the build directory moved: --map";
    }
    return finding;
  }

  // Returns the key of a path's cause: the directory that is new or gone as a whole, else its directory and
  // programs.
  Key cause_key(std::uint32_t path, const DifferenceGroup& group) const {
    const bool one_sided = group.change == Change::kNew || group.change == Change::kGone;
    const auto whole = one_sided ? tree_.outermost_one_sided(path) : std::string_view();
    if (!whole.empty()) return {group.change, {}, std::string(whole)};
    return {group.change, program_labels(group.members, comparison_, differences_),
            std::string(parent_of(comparison_.paths()[path]))};
  }

  // Adds the programs to the keys of directories that are new or gone as a whole.
  Causes with_programs(const Causes& by_cause) const {
    Causes keyed;
    for (const auto& [key, group] : by_cause) {
      const auto programs = program_labels(group.members, comparison_, differences_);
      merge(keyed[{key.change, programs, key.directory}], group);
    }
    return keyed;
  }

  // Joins the causes of like change and programs in kLeastSiblings or more directories with one parent, and
  // then those of the parents, outward.
  void join_siblings(Causes& by_cause) const {
    const auto depth = [](const Key& key) {
      return std::count(key.directory.begin(), key.directory.end(), '/');
    };
    // Visits the directories from the deepest outward; a joined one waits as a child of its own parent.
    std::map<std::pair<std::ptrdiff_t, Key>, std::vector<Key>> waiting;
    const auto wait_at_parent = [&](const Key& key) {
      if (key.directory.empty()) return;
      const Key parent{key.change, key.programs, std::string(parent_of(key.directory))};
      waiting[{-depth(parent), parent}].push_back(key);
    };
    for (const auto& [key, group] : by_cause) wait_at_parent(key);
    while (!waiting.empty()) {
      const auto [at, children] = *waiting.begin();
      waiting.erase(waiting.begin());
      const auto& parent = at.second;
      if (children.size() < kLeastSiblings || parent.directory.empty()) continue;
      const bool has_own = by_cause.contains(parent);
      DifferenceGroup joined = has_own ? by_cause.at(parent) : DifferenceGroup{};
      for (const auto& child : children) {
        merge(joined, by_cause.at(child));
        by_cause.erase(child);
      }
      by_cause[parent] = std::move(joined);
      if (!has_own) wait_at_parent(parent);
    }
  }

  Finding path_finding(const DifferenceGroup& group) const {
    auto finding = summed(group, comparison_, differences_);
    finding.change = group.change;
    finding.by = program_labels(group.members, comparison_, differences_);
    const auto writing = std::count_if(group.members.begin(), group.members.end(),
                                       [&](auto i) { return differences_[i].writes; });
    finding.writes = writing == std::ssize(group.members);
    if (writing != 0 && !finding.writes) finding.detail = "read and written";
    if (finding.files == 1) {
      finding.what = finding.paths.front();
      return finding;
    }
    finding.what = std::string(common_directory_of(group)) + "/**";
    finding.directories = directories_of(group);
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
