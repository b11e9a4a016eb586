#include "replay/causes.h"

#include <absl/container/flat_hash_map.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <string>

#include "replay/path_tree.h"

namespace rfan::replay {
namespace {

std::string place_key(std::span<const Program> chain) {
  std::string key;
  for (const auto& program : chain) (key += program.name()) += '\0';
  return key;
}

// How often the program at one place of the process tree ran.
struct Place {
  double base = 0;
  double fresh = 0;
  Program program;
  std::string parent;  // place_key() of the ancestors
  std::string by;      // label of the parent

  bool one_sided() const { return (base == 0) != (fresh == 0); }
  bool same_direction(const Place& other) const { return (base < fresh) == (other.base < other.fresh); }
  // The number of processes changed, and as that of `other` did.
  bool changed_like(const Place& other) const {
    return base != fresh && other.base != other.fresh && same_direction(other);
  }
};

// The differences that share a cause.
struct Group {
  Change change = Change::kNew;
  std::vector<std::uint32_t> members;
};

class CauseFinder {
 public:
  CauseFinder(const Comparison& comparison, std::span<const Difference> differences)
      : comparison_(comparison), differences_(differences), tree_(comparison) {
    for (std::uint32_t actor = 0; actor < comparison.actors().size(); ++actor) note_place(actor);
  }

  std::vector<Finding> run() {
    std::vector<std::uint32_t> rest;
    for (std::uint32_t i = 0; i < differences_.size(); ++i) {
      if (explain_by_program(i) || follows_from_program(differences_[i]) || explain_by_count(i)) continue;
      rest.push_back(i);
    }
    pair_replacements();
    for (const auto& [key, group] : programs_) findings_.push_back(program_finding(key, group));
    for (const auto& [key, group] : counts_) findings_.push_back(count_finding(key, group));
    explain_by_path(rest);
    std::stable_sort(findings_.begin(), findings_.end(), [](const Finding& a, const Finding& b) {
      return std::abs(a.events) > std::abs(b.events);
    });
    return std::move(findings_);
  }

 private:
  struct ProgramGroup {
    Group group;
    std::string instead;  // key of the program it replaced
  };

  const ProcessShape& shape(std::uint32_t actor) const { return comparison_.actors()[actor]; }
  void note_place(std::uint32_t actor) {
    const std::span chain = shape(actor).chain;
    auto& place = places_[place_key(chain)];
    place.program = chain.back();
    place.parent = place_key(chain.first(chain.size() - 1));
    place.by = chain.size() > 1 ? chain[chain.size() - 2].label() : "";
    for (auto* sums : {&place, &executables_[chain.back().exe]}) {
      sums->base += comparison_.mean(comparison_.processes(actor), Side::kBase);
      sums->fresh += comparison_.mean(comparison_.processes(actor), Side::kNew);
    }
  }

  // The outermost place on the way to `actor` that `fits`; empty when none does.
  template <typename Fits>
  std::string outermost(std::uint32_t actor, Fits fits) const {
    const std::span chain = shape(actor).chain;
    for (std::size_t depth = 1; depth <= chain.size(); ++depth) {
      auto key = place_key(chain.first(depth));
      const auto place = places_.find(key);
      if (place != places_.end() && fits(place->second)) return key;
    }
    return {};
  }

  // What a process does in order to start a program that only one side has: the fork counts as one of its own
  // program; and where the new program stands between it and another, it starts the other less often.
  bool follows_from_program(const Difference& difference) const {
    const auto key = place_key(shape(difference.actor).chain);
    const auto& own = places_.at(key);
    const bool is_new = difference.delta() > 0;
    if (own.one_sided()) return false;
    const auto sibling = executables_.find(comparison_.paths()[difference.path]);
    const bool starts = sibling != executables_.end() && !sibling->second.one_sided();
    const auto explains = [&](const std::string& child, double processes) {
      if (child.empty()) return false;
      const auto& place = places_.at(child);
      return processes <= place.base + place.fresh;
    };
    // Each start is an open and an exec.
    if (starts && explains(one_sided_child(key, !is_new), std::abs(difference.delta()) / 2)) return true;
    const bool forked = own.base != own.fresh && (own.fresh > own.base) == is_new;
    return forked && explains(one_sided_child(key, is_new), std::abs(own.fresh - own.base));
  }

  bool explain_by_program(std::uint32_t i) {
    const auto& difference = differences_[i];
    auto key = outermost(difference.actor, [](const Place& place) { return place.one_sided(); });
    if (key.empty()) key = program_with_file(difference);
    if (key.empty()) return false;
    auto& group = programs_[key].group;
    group.change = Change::kProgram;
    group.members.push_back(i);
    return true;
  }

  // The one-sided program that `difference` started: its file was opened or executed by the parent.
  std::string program_with_file(const Difference& difference) const {
    const auto& path = comparison_.paths()[difference.path];
    const auto file = executables_.find(path);
    if (file == executables_.end()) return {};
    if (!file->second.one_sided()) return {};
    if ((file->second.fresh > 0) != (difference.delta() > 0)) return {};
    const auto key = place_key(shape(difference.actor).chain) + path;
    const auto place = places_.lower_bound(key);
    const bool found =
        place != places_.end() && place->second.program.exe == path && place->first.starts_with(key);
    return found ? place->first : std::string();
  }

  // A program that the one at `parent` started on one side only; empty when there is none.
  std::string one_sided_child(const std::string& parent, bool is_new) const {
    for (auto place = places_.upper_bound(parent); place != places_.end() && place->first.starts_with(parent);
         ++place) {
      const auto& child = place->second;
      if (child.parent == parent && child.one_sided() && (child.fresh > 0) == is_new) return place->first;
    }
    return {};
  }

  bool explain_by_count(std::uint32_t i) {
    const auto& difference = differences_[i];
    const auto& own = places_.at(place_key(shape(difference.actor).chain));
    if (own.base == own.fresh || own.one_sided()) return false;
    const double expected = difference.base * own.fresh / own.base;
    if (difference.base == 0 || std::abs(difference.fresh - expected) > 0.1 * expected + 1) return false;
    const auto key = outermost(difference.actor, [&](const Place& place) { return place.changed_like(own); });
    auto& group = counts_[key];
    group.change = Change::kProcesses;
    group.members.push_back(i);
    return true;
  }

  // A program gone and a program new under the same parent: one took the place of the other.
  void pair_replacements() {
    std::vector<std::string> absorbed;
    for (auto& [key, program] : programs_) {
      if (places_.at(key).fresh == 0) continue;
      for (auto& [gone, old] : programs_) {
        const bool fits = places_.at(gone).fresh == 0 && places_.at(gone).parent == places_.at(key).parent &&
                          std::find(absorbed.begin(), absorbed.end(), gone) == absorbed.end();
        if (!fits) continue;
        program.instead = gone;
        program.group.members.insert(program.group.members.end(), old.group.members.begin(),
                                     old.group.members.end());
        absorbed.push_back(gone);
        break;
      }
    }
    for (const auto& key : absorbed) programs_.erase(key);
  }

  Finding program_finding(const std::string& key, const ProgramGroup& program) const {
    auto finding = summed(program.group);
    const auto& place = places_.at(key);
    finding.change =
        program.instead.empty() ? (place.fresh > 0 ? Change::kNew : Change::kGone) : Change::kProgram;
    finding.what = place.program.name();
    const auto processes = place.base + place.fresh;
    finding.detail = "a program, " + count(processes, "process", "processes") + ", " +
                     count(static_cast<double>(finding.files), "file", "files");
    if (!program.instead.empty()) finding.instead = places_.at(program.instead).program.name();
    finding.by = place.by;
    return finding;
  }

  Finding count_finding(const std::string& key, const Group& group) const {
    auto finding = summed(group);
    const auto& place = places_.at(key);
    finding.events = finding.fresh - finding.base;
    finding.base = place.base;
    finding.fresh = place.fresh;
    finding.what = place.program.name();
    finding.by = place.by;
    finding.detail = "ran more or less often; " + count(static_cast<double>(finding.files), "file", "files");
    return finding;
  }

  static std::string count(double number, std::string_view one, std::string_view many) {
    const auto rounded = static_cast<std::uint64_t>(std::llround(number));
    return std::to_string(rounded) + " " + std::string(rounded == 1 ? one : many);
  }

  static Change direction(const PathTree& tree, const Difference& difference) {
    const auto side = tree.sides_of(difference.path);
    if (!side.base) return Change::kNew;
    if (!side.fresh) return Change::kGone;
    return difference.delta() > 0 ? Change::kMore : Change::kLess;
  }

  // The programs of the differences of each path, as part of the key that keeps causes apart.
  void explain_by_path(const std::vector<std::uint32_t>& rest) {
    std::map<std::pair<std::uint32_t, int>, Group> by_path;
    for (const auto i : rest) {
      const auto change = direction(tree_, differences_[i]);
      const bool one_sided = change == Change::kNew || change == Change::kGone;
      const int apart = static_cast<int>(change) * 2 + (differences_[i].writes && !one_sided);
      auto& group = by_path[{differences_[i].path, apart}];
      group.change = change;
      group.members.push_back(i);
    }
    std::map<std::string, Group> by_cause;
    for (const auto& [key, group] : by_path) {
      auto& cause = by_cause[cause_key(key.first, key.second, group)];
      cause.change = group.change;
      cause.members.insert(cause.members.end(), group.members.begin(), group.members.end());
    }
    pair_moves(by_cause);
    for (const auto& [key, group] : by_cause) findings_.push_back(path_finding(group));
  }

  // Names below `directory` of the paths of a group.
  std::vector<std::string_view> relative_names(const Group& group, std::string_view directory) const {
    std::vector<std::string_view> names;
    for (const auto i : group.members) {
      std::string_view path = comparison_.paths()[differences_[i].path];
      if (path.size() > directory.size()) names.push_back(path.substr(directory.size()));
    }
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    return names;
  }

  std::string_view common_directory_of(const Group& group) const {
    std::string_view common = comparison_.paths()[differences_[group.members.front()].path];
    for (const auto i : group.members)
      common = common_directory(common, comparison_.paths()[differences_[i].path]);
    return common;
  }

  bool same_names(const Group& gone, const Group& fresh) const {
    const auto before = relative_names(gone, common_directory_of(gone));
    const auto after = relative_names(fresh, common_directory_of(fresh));
    std::vector<std::string_view> common;
    std::set_intersection(before.begin(), before.end(), after.begin(), after.end(),
                          std::back_inserter(common));
    return 2 * common.size() > std::max(before.size(), after.size());
  }

  void pair_moves(std::map<std::string, Group>& by_cause) {
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

  // Where a path belongs: the directory that is new or gone as a whole; else its directory and who did it.
  std::string cause_key(std::uint32_t path, int apart, const Group& group) const {
    const auto prefix = std::to_string(apart) + '\0';
    const bool one_sided = group.change == Change::kNew || group.change == Change::kGone;
    const auto whole = one_sided ? tree_.outermost_one_sided(path) : std::string_view();
    if (!whole.empty()) return prefix + std::string(whole);
    return prefix + std::string(directory_of(comparison_.paths()[path])) + '\0' + programs(group.members);
  }

  Finding path_finding(const Group& group) const {
    auto finding = summed(group);
    finding.change = group.change;
    finding.writes = std::all_of(group.members.begin(), group.members.end(),
                                 [&](auto i) { return differences_[i].writes; });
    finding.by = programs(group.members);
    if (finding.files == 1) {
      finding.what = finding.paths.front();
      return finding;
    }
    finding.what = std::string(common_directory_of(group)) + "/**";
    return finding;
  }

  // Labels of the programs, the one with the largest difference first.
  std::string programs(std::span<const std::uint32_t> members) const {
    std::map<std::string, double> deltas;
    for (const auto i : members)
      deltas[shape(differences_[i].actor).program().label()] += std::abs(differences_[i].delta());
    std::vector<std::pair<double, std::string>> order;
    for (const auto& [label, delta] : deltas) order.emplace_back(-delta, label);
    std::sort(order.begin(), order.end());
    constexpr std::size_t kMaxNamed = 3;
    std::string text;
    for (std::size_t i = 0; i < std::min(order.size(), kMaxNamed); ++i)
      text += (i ? ", " : "") + order[i].second;
    if (order.size() > kMaxNamed) text += " and " + std::to_string(order.size() - kMaxNamed) + " more";
    return text;
  }

  // Sums, least p and q, and the paths of a group.
  Finding summed(const Group& group) const {
    Finding finding;
    finding.change = group.change;
    absl::flat_hash_map<std::uint32_t, double> by_path;
    std::vector<double> p_values;
    for (const auto i : group.members) {
      const auto& difference = differences_[i];
      finding.base += difference.base;
      finding.fresh += difference.fresh;
      finding.p_value = std::min(finding.p_value, difference.p_value);
      finding.q_value = std::min(finding.q_value, difference.q_value);
      finding.events += group.change == Change::kProgram ? std::abs(difference.delta()) : difference.delta();
      by_path[difference.path] += std::abs(difference.delta());
      p_values.push_back(difference.p_value);
    }
    std::sort(p_values.begin(), p_values.end());
    for (std::size_t i = 0; i < p_values.size(); ++i) {
      finding.joint_p = std::min(finding.joint_p, p_values[i] / static_cast<double>(i + 1));
    }
    finding.files = by_path.size();
    std::vector<std::pair<double, std::string_view>> order;
    for (const auto& [path, delta] : by_path) order.emplace_back(-delta, comparison_.paths()[path]);
    std::sort(order.begin(), order.end());
    order.resize(std::min(order.size(), Finding::kMaxPaths));
    for (const auto& [delta, path] : order) finding.paths.emplace_back(path);
    return finding;
  }

  const Comparison& comparison_;
  std::span<const Difference> differences_;
  PathTree tree_;
  std::map<std::string, Place> places_;                  // by place_key()
  absl::flat_hash_map<std::string, Place> executables_;  // only the counts; by path
  std::map<std::string, ProgramGroup> programs_;         // by place_key()
  std::map<std::string, Group> counts_;
  std::vector<Finding> findings_;
};

}  // namespace

std::string_view change_name(Change change) {
  switch (change) {
    case Change::kNew:
      return "new";
    case Change::kGone:
      return "gone";
    case Change::kMore:
      return "more";
    case Change::kLess:
      return "less";
    case Change::kMoved:
      return "moved";
    case Change::kProgram:
      return "program";
    case Change::kProcesses:
      return "processes";
    case Change::kSlower:
      return "slower";
    case Change::kFaster:
      return "faster";
  }
  return "";
}

std::vector<Finding> take_insignificant(std::vector<Finding>& causes, std::size_t keys) {
  std::vector<double> p_values;
  for (const auto& cause : causes) p_values.push_back(cause.joint_p);
  // One hypothesis for each key, as many discoveries as there are causes.
  p_values.resize(std::max(keys, p_values.size()), 1.0);
  const auto q_values = benjamini_hochberg(p_values);
  for (std::size_t i = 0; i < causes.size(); ++i) causes[i].q_value = q_values[i];
  const auto rest =
      std::stable_partition(causes.begin(), causes.end(), [](const auto& c) { return c.significant(); });
  std::vector<Finding> taken(std::make_move_iterator(rest), std::make_move_iterator(causes.end()));
  causes.erase(rest, causes.end());
  return taken;
}

std::vector<Finding> find_causes(const Comparison& comparison, std::span<const Difference> differences) {
  return CauseFinder(comparison, differences).run();
}

}  // namespace rfan::replay
