#include "replay/diff/causes/causes.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <string>

#include "replay/diff/causes/difference_group.h"
#include "replay/diff/causes/path_causes.h"

namespace rfan::replay {
namespace {

// Groups the differences that a program explains, because it is new or gone, or ran more or less often.
class ProgramCauses {
 public:
  ProgramCauses(const Comparison& comparison, const ProgramPlaces& places,
                std::span<const Difference> differences)
      : comparison_(comparison), places_(places), differences_(differences) {}

  // Takes in difference `i`. Returns false if no program explains it.
  bool explain(std::uint32_t i) {
    return explain_by_program(i) || follows_from_program(differences_[i]) || explain_by_count(i);
  }

  std::vector<Finding> findings() {
    pair_replacements();
    std::vector<Finding> findings;
    for (const auto& [key, group] : programs_) findings.push_back(program_finding(key, group));
    for (const auto& [key, group] : counts_) findings.push_back(count_finding(key, group));
    return findings;
  }

 private:
  struct ProgramGroup {
    DifferenceGroup group;
    std::string instead;  // key of the program it replaced
  };

  bool explain_by_program(std::uint32_t i) {
    const auto& difference = differences_[i];
    auto key = places_.outermost(difference.actor, [](const Place& place) { return place.one_sided(); });
    if (key.empty()) key = program_with_file(difference);
    if (key.empty()) return false;
    auto& group = programs_[key].group;
    group.change = Change::kProgram;
    group.members.push_back(i);
    return true;
  }

  // Returns the one-sided program whose file the parent opened or executed in `difference`, to start it.
  std::string program_with_file(const Difference& difference) const {
    const auto& path = comparison_.paths()[difference.path];
    const auto* file = places_.executable(path);
    if (file == nullptr || !file->one_sided() || (file->fresh > 0) != (difference.delta() > 0)) return {};
    return places_.child_of(places_.key_of(difference.actor), path);
  }

  // Returns true if a process makes this difference because it starts a program that only one side has. The
  // fork counts as a process of its own program. If the new program stands between it and another one, it
  // starts the other less often.
  bool follows_from_program(const Difference& difference) const {
    const auto& key = places_.key_of(difference.actor);
    const auto& own = places_.at(key);
    const bool is_new = difference.delta() > 0;
    if (own.one_sided()) return false;
    const auto* sibling = places_.executable(comparison_.paths()[difference.path]);
    const bool starts = sibling != nullptr && !sibling->one_sided();
    const auto explains = [&](const std::string& child, double processes) {
      if (child.empty()) return false;
      const auto& place = places_.at(child);
      return processes <= place.base + place.fresh;
    };
    // Each start is two events: an open and an exec.
    if (starts && explains(places_.one_sided_child(key, !is_new), std::abs(difference.delta()) / 2))
      return true;
    const bool forked = own.base != own.fresh && (own.fresh > own.base) == is_new;
    return forked && explains(places_.one_sided_child(key, is_new), std::abs(own.fresh - own.base));
  }

  bool explain_by_count(std::uint32_t i) {
    const auto& difference = differences_[i];
    const auto& own = places_.of(difference.actor);
    if (own.base == own.fresh || own.one_sided()) return false;
    const double expected = difference.base * own.fresh / own.base;
    if (difference.base == 0 || std::abs(difference.fresh - expected) > 0.1 * expected + 1) return false;
    const auto key =
        places_.outermost(difference.actor, [&](const Place& place) { return place.changed_like(own); });
    auto& group = counts_[key];
    group.change = Change::kProcesses;
    group.members.push_back(i);
    return true;
  }

  // Pairs a program that is gone with a new one under the same parent: the new one replaced it.
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
    auto finding = summed(program.group, comparison_, differences_);
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

  Finding count_finding(const std::string& key, const DifferenceGroup& group) const {
    auto finding = summed(group, comparison_, differences_);
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

  const Comparison& comparison_;
  const ProgramPlaces& places_;
  std::span<const Difference> differences_;
  std::map<std::string, ProgramGroup> programs_;  // by place_key()
  std::map<std::string, DifferenceGroup> counts_;
};

}  // namespace

CauseFinder::CauseFinder(const Comparison& comparison)
    : comparison_(comparison), places_(comparison), tree_(comparison) {}

std::vector<Finding> CauseFinder::find(std::span<const Difference> differences) const {
  ProgramCauses programs(comparison_, places_, differences);
  std::vector<std::uint32_t> rest;
  for (std::uint32_t i = 0; i < differences.size(); ++i) {
    if (!programs.explain(i)) rest.push_back(i);
  }
  auto findings = programs.findings();
  auto of_paths = find_path_causes(comparison_, tree_, differences, rest);
  findings.insert(findings.end(), std::move_iterator(of_paths.begin()), std::move_iterator(of_paths.end()));
  std::stable_sort(findings.begin(), findings.end(), [](const Finding& a, const Finding& b) {
    return std::abs(a.events) > std::abs(b.events);
  });
  return findings;
}

std::vector<Finding> take_insignificant(std::vector<Finding>& causes, std::size_t keys) {
  std::vector<double> p_values;
  for (const auto& cause : causes) p_values.push_back(cause.joint_p);
  // There is one hypothesis for each key, and each cause is one discovery.
  p_values.resize(std::max(keys, p_values.size()), 1.0);
  const auto q_values = benjamini_hochberg(p_values);
  for (std::size_t i = 0; i < causes.size(); ++i) causes[i].q_value = q_values[i];
  const auto rest =
      std::stable_partition(causes.begin(), causes.end(), [](const auto& c) { return c.significant(); });
  std::vector<Finding> taken(std::make_move_iterator(rest), std::make_move_iterator(causes.end()));
  causes.erase(rest, causes.end());
  return taken;
}

}  // namespace rfan::replay
