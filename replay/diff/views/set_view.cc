#include "replay/diff/views/set_view.h"

#include <algorithm>
#include <map>

#include "replay/diff/causes/path_tree.h"

namespace rfan::replay {
namespace {

Finding one_sided(const std::string& what, const std::vector<double>& values, const Comparison& comparison) {
  Finding finding;
  finding.what = what;
  finding.base = comparison.mean(values, Side::kBase);
  finding.fresh = comparison.mean(values, Side::kNew);
  finding.events = finding.delta();
  finding.change = finding.base == 0 ? Change::kNew : Change::kGone;
  finding.paths = {what};
  return finding;
}

}  // namespace

std::vector<Finding> find_one_sided(const Comparison& comparison) {
  std::map<std::string, std::vector<double>> programs;
  std::map<std::string_view, std::vector<double>> paths;
  const PathTree tree(comparison);
  for (std::size_t cell = 0; cell < comparison.cells().size(); ++cell) {
    const auto& [actor, path, kind] = comparison.cells()[cell];
    auto& program = programs[comparison.actors()[actor].program().name()];
    program.resize(comparison.runs());
    auto* file = tree.sides_of(path).one_sided() ? &paths[comparison.paths()[path]] : nullptr;
    if (file) file->resize(comparison.runs());
    for (std::size_t run = 0; run < comparison.runs(); ++run) {
      const auto events = static_cast<double>(comparison.sum(cell, run).events);
      program[run] += events;
      if (file) (*file)[run] += events;
    }
  }
  std::vector<Finding> findings;
  for (const auto& [name, values] : programs) {
    auto finding = one_sided(name, values, comparison);
    finding.detail = "a program";
    if ((finding.base == 0) != (finding.fresh == 0)) findings.push_back(std::move(finding));
  }
  for (const auto& [name, values] : paths)
    findings.push_back(one_sided(std::string(name), values, comparison));
  return findings;
}

}  // namespace rfan::replay
