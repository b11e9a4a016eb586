#include "replay/diff/causes/program_places.h"

namespace rfan::replay {

ProgramPlaces::ProgramPlaces(const Comparison& comparison) : comparison_(comparison) {
  for (std::uint32_t actor = 0; actor < comparison.actors().size(); ++actor) {
    const std::span chain = comparison.actors()[actor].chain;
    keys_.push_back(place_key(chain));
    auto& place = places_[keys_.back()];
    place.program = chain.back();
    place.parent = place_key(chain.first(chain.size() - 1));
    place.by = chain.size() > 1 ? chain[chain.size() - 2].label() : "";
    for (auto* sums : {&place, &executables_[chain.back().exe]}) {
      sums->base += comparison.mean(comparison.processes(actor), Side::kBase);
      sums->fresh += comparison.mean(comparison.processes(actor), Side::kNew);
    }
  }
}

const Place* ProgramPlaces::executable(const std::string& path) const {
  const auto found = executables_.find(path);
  return found == executables_.end() ? nullptr : &found->second;
}

std::string ProgramPlaces::child_of(const std::string& parent, const std::string& exe) const {
  const auto key = parent + exe;
  const auto place = places_.lower_bound(key);
  const bool found =
      place != places_.end() && place->second.program.exe == exe && place->first.starts_with(key);
  return found ? place->first : std::string();
}

std::string ProgramPlaces::one_sided_child(const std::string& parent, bool is_new) const {
  for (auto place = places_.upper_bound(parent); place != places_.end() && place->first.starts_with(parent);
       ++place) {
    const auto& child = place->second;
    if (child.parent == parent && child.one_sided() && (child.fresh > 0) == is_new) return place->first;
  }
  return {};
}

}  // namespace rfan::replay
