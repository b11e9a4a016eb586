#include "replay/diff/causes/causes.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <tuple>

#include "replay/diff/causes/difference_group.h"
#include "replay/diff/causes/pair_judge.h"
#include "replay/diff/causes/path_causes.h"
#include "replay/diff/causes/slow_directories.h"

namespace rfan::replay {
namespace {

void append(std::vector<Finding>& to, std::vector<Finding> from) {
  to.insert(to.end(), std::move_iterator(from.begin()), std::move_iterator(from.end()));
}

// Groups the differences that a program explains, because it is new or gone, or ran more or less often.
class ProgramCauses {
 public:
  ProgramCauses(const Comparison& comparison, const ProgramPlaces& places,
                std::span<const Difference> differences)
      : comparison_(comparison), places_(places), differences_(differences) {}

  // Takes in difference `i`. Returns false if no program explains it.
  bool explain(std::uint32_t i) {
    return explain_by_program(i) || follows_from_program(differences_[i]) || explain_by_runs(i);
  }

  std::vector<Finding> findings() {
    pair_replacements();
    std::vector<Finding> findings;
    for (const auto& [key, group] : programs_) findings.push_back(program_finding(key, group));
    for (const auto& [key, group] : runs_) findings.push_back(runs_finding(key, group));
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

  // Returns true if a process makes this difference because it starts a program that only one side has: if
  // that stands between the process and another program, the process starts the other less often.
  bool follows_from_program(const Difference& difference) const {
    const auto& key = places_.key_of(difference.actor);
    const auto& own = places_.at(key);
    const bool is_new = difference.delta() > 0;
    if (own.one_sided()) return false;
    const auto* sibling = places_.executable(comparison_.paths()[difference.path]);
    const bool starts = sibling != nullptr && !sibling->one_sided();
    // Each start is two events: an open and an exec.
    const auto children = places_.children_of(key);
    const auto* instead = is_new ? children.gone : children.added;
    return starts && instead != nullptr && std::abs(difference.delta()) / 2 <= instead->base + instead->fresh;
  }

  bool explain_by_runs(std::uint32_t i) {
    auto key = program_that_ran(differences_[i]);
    if (key.empty()) key = program_that_was_started(differences_[i]);
    if (key.empty()) return false;
    const bool one_sided = places_.at(key).one_sided();
    auto& group = one_sided ? programs_[key].group : runs_[key];
    group.change = one_sided ? Change::kProgram : Change::kRuns;
    group.members.push_back(i);
    return true;
  }

  // Returns the program that ran more or less often, if the difference is in proportion to its runs: the
  // outermost one on the way to the actor.
  std::string program_that_ran(const Difference& difference) const {
    const auto& own = places_.of(difference.actor);
    if (own.base == own.fresh || own.one_sided() || difference.base == 0) return {};
    const double expected = difference.base * own.fresh / own.base;
    if (std::abs(difference.fresh - expected) > 0.1 * expected + 1) return {};
    return places_.outermost(difference.actor, [&](const Place& place) { return place.changed_like(own); });
  }

  // Returns the program that the actor started more or less often, if the difference is in a file that every
  // start opens: that of the program, or the loader's.
  std::string program_that_was_started(const Difference& difference) const {
    const double executions = difference.executions_delta;
    if (executions == 0) return {};
    const auto& starter = places_.key_of(difference.actor);
    const auto explains = [&](double starts) {
      return (starts > 0) == (executions > 0) && std::abs(executions - starts) <= 0.1 * std::abs(starts) + 1;
    };
    auto children = places_.children_of(starter, comparison_.paths()[difference.path]);
    if (children.count == 0) children = places_.children_of(starter);
    const auto* most = executions > 0 ? children.more : children.less;
    return most != nullptr && explains(children.change) ? most->key : std::string();
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
    finding.program = place.program;
    if (program.instead.empty()) {  // what its starter did with other programs is no part of it
      const double events = std::abs(finding.events);
      finding.base = place.fresh > 0 ? 0 : events;
      finding.fresh = place.fresh > 0 ? events : 0;
    }
    finding.detail = "a program, ran " + times(place.base + place.fresh);
    if (!program.instead.empty()) finding.instead = places_.at(program.instead).program.name();
    finding.by = place.by;
    return finding;
  }

  Finding runs_finding(const std::string& key, const DifferenceGroup& group) const {
    auto finding = summed(group, comparison_, differences_);
    const auto& place = places_.at(key);
    finding.events = finding.fresh - finding.base;
    finding.base = place.base;
    finding.fresh = place.fresh;
    finding.what = place.program.name();
    finding.program = place.program;
    finding.by = place.by;
    return finding;
  }

  static std::string times(double number) {
    const auto rounded = std::llround(number);
    return rounded == 1 ? "once" : std::to_string(rounded) + " times";
  }

  const Comparison& comparison_;
  const ProgramPlaces& places_;
  std::span<const Difference> differences_;
  std::map<std::string, ProgramGroup> programs_;  // by place_key()
  std::map<std::string, DifferenceGroup> runs_;
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
  append(findings, find_path_causes(comparison_, tree_, differences, rest));
  std::stable_sort(findings.begin(), findings.end(), [](const Finding& a, const Finding& b) {
    return std::abs(a.events) > std::abs(b.events);
  });
  return findings;
}

namespace {

// Tags the causes of significant differences. Each must be significant as one discovery among `keys` tests:
// the members of a cause support each other (Finding::joint_p), but a hundred headers of one include path
// must not lend their weight to another, unrelated line.
void tag_significant(std::vector<Finding>& causes, std::size_t keys) {
  std::vector<double> p_values;
  for (const auto& cause : causes) p_values.push_back(cause.joint_p);
  p_values.resize(std::max(keys, p_values.size()), 1.0);
  const auto q_values = benjamini_hochberg(p_values);
  for (std::size_t i = 0; i < causes.size(); ++i)
    causes[i].tag = q_values[i] <= kFalseDiscoveryRate ? Tag::kClear : Tag::kWeak;
}

// Tests each key with what the runs of a side differ among themselves, and groups what is left.
std::vector<Finding> find_in_replicates(const CauseFinder& finder, const Differences& differences) {
  auto causes = finder.find(differences.significant);
  tag_significant(causes, differences.keys);
  auto noise = finder.find(differences.hidden);
  for (auto& cause : noise) cause.tag = Tag::kWeak;
  append(causes, std::move(noise));
  return causes;
}

// Groups all differences, and judges the groups. No key alone was tested.
std::vector<Finding> find_in_pair(const CauseFinder& finder, const Differences& differences) {
  auto causes = finder.find(differences.hidden);
  judge_pair(causes);
  return causes;
}

double mean_events(const Comparison& comparison) {
  double events = 0;
  for (const auto& part : comparison.parts()) events += static_cast<double>(part.tally->events());
  return events / static_cast<double>(comparison.runs());
}

}  // namespace

std::vector<Finding> find_causes(const Comparison& comparison) {
  const CauseFinder finder(comparison);
  const auto differences = find_differences(comparison);
  auto causes = comparison.samples().replicated() ? find_in_replicates(finder, differences)
                                                  : find_in_pair(finder, differences);
  const double events = std::max(1.0, mean_events(comparison));
  for (auto& cause : causes) cause.share = std::abs(cause.events) / events;
  auto slow = find_slow_directories(comparison);
  for (auto& finding : slow.hidden) finding.tag = Tag::kWeak;
  append(causes, std::move(slow.significant));
  append(causes, std::move(slow.hidden));
  // Times come last among the weak ones, since they vary most.
  const auto rank = [](const Finding& finding) {
    const bool weak_time = finding.tag == Tag::kWeak && finding.is_time();
    return std::tuple(finding.tag, weak_time, -std::abs(finding.share));
  };
  std::stable_sort(causes.begin(), causes.end(),
                   [&](const Finding& a, const Finding& b) { return rank(a) < rank(b); });
  return causes;
}

}  // namespace rfan::replay
