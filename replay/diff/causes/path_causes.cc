#include "replay/diff/causes/path_causes.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <string>

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
    auto operator<=>(const Key&) const = default;
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
    for (const auto i : group.members)
      directories.push_back(parent_of(comparison_.paths()[differences_[i].path]));
    std::sort(directories.begin(), directories.end());
    return static_cast<std::size_t>(std::unique(directories.begin(), directories.end()) -
                                    directories.begin());
  }

  bool same_names(const DifferenceGroup& gone, const DifferenceGroup& fresh) const {
    const auto before = relative_names(gone, common_directory_of(gone));
    const auto after = relative_names(fresh, common_directory_of(fresh));
    if (before.empty() && after.empty())
      return same_file(common_directory_of(gone), common_directory_of(fresh));
    std::vector<std::string_view> common;
    std::set_intersection(before.begin(), before.end(), after.begin(), after.end(),
                          std::back_inserter(common));
    return 2 * common.size() > std::max(before.size(), after.size());
  }

  // Returns true for two files of one name, or of one directory and of names that differ by numbers only.
  static bool same_file(std::string_view gone, std::string_view fresh) {
    const auto name_of = [](std::string_view path) { return path.substr(parent_of(path).size()); };
    if (name_of(gone) == name_of(fresh)) return true;
    const auto without_digits = [](std::string_view name) {
      std::string text(name);
      std::erase_if(text, [](char c) { return (c >= '0' && c <= '9') || c == '.'; });
      return text;
    };
    return parent_of(gone) == parent_of(fresh) &&
           without_digits(name_of(gone)) == without_digits(name_of(fresh));
  }

  // Returns true if the same programs used one as often as the other, and both lie in one directory.
  bool same_use(const DifferenceGroup& gone, const DifferenceGroup& fresh) const {
    const auto before = path_finding(gone);
    const auto after = path_finding(fresh);
    return before.base == after.fresh && before.files == after.files && before.by == after.by &&
           parent_of(common_directory_of(gone)) == parent_of(common_directory_of(fresh));
  }

  void pair_moves(Causes& by_cause) {
    for (auto fresh = by_cause.begin(); fresh != by_cause.end(); ++fresh) {
      if (fresh->second.change != Change::kNew) continue;
      const auto find_gone = [&](auto matches) {
        return std::find_if(by_cause.begin(), by_cause.end(), [&](const auto& entry) {
          return entry.second.change == Change::kGone && matches(entry.second, fresh->second);
        });
      };
      auto gone = find_gone([&](const auto& a, const auto& b) { return same_names(a, b); });
      const bool choice = gone == by_cause.end();
      if (choice) gone = find_gone([&](const auto& a, const auto& b) { return same_use(a, b); });
      if (gone == by_cause.end()) continue;
      Finding finding = path_finding(fresh->second);
      const auto before = path_finding(gone->second);
      finding.change = Change::kMoved;
      finding.instead = before.what;
      finding.base = before.base;
      finding.events = finding.fresh + finding.base;
      finding.choice = choice;
      if (finding.instead == finding.what) {
        finding.instead.clear();
        finding.detail = "other names than before, as many";
      }
      if (finding.files > 1 && !choice)
        finding.detail = "the same names; may be the cause; if only the build directory moved: --map";
      findings_.push_back(std::move(finding));
      by_cause.erase(gone);
      fresh->second.change = Change::kMoved;
    }
    std::erase_if(by_cause, [](const auto& entry) { return entry.second.change == Change::kMoved; });
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
    finding.writes = std::all_of(group.members.begin(), group.members.end(),
                                 [&](auto i) { return differences_[i].writes; });
    finding.by = program_labels(group.members, comparison_, differences_);
    const bool reads = std::any_of(group.members.begin(), group.members.end(),
                                   [&](auto i) { return !differences_[i].writes; });
    const bool writes = std::any_of(group.members.begin(), group.members.end(),
                                    [&](auto i) { return differences_[i].writes; });
    if (reads && writes) finding.detail = "read and written";
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
