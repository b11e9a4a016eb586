#include "replay/diff/causes/program_places.h"

#include <cmath>

namespace rfan::replay {

ProgramPlaces::ProgramPlaces(const Comparison& comparison) : comparison_(comparison) {
  for (std::uint32_t actor = 0; actor < comparison.actors().size(); ++actor) {
    const std::span chain = comparison.actors()[actor].chain;
    keys_.push_back(place_key(chain));
    auto& place = places_[keys_.back()];
    place.key = keys_.back();
    place.program = chain.back();
    place.parent = place_key(chain.first(chain.size() - 1));
    place.by = chain.size() > 1 ? chain[chain.size() - 2].label() : "";
    for (auto* sums : {&place, &executables_[chain.back().exe]}) {
      sums->base += comparison.mean(comparison.executions(actor), Side::kBase);
      sums->fresh += comparison.mean(comparison.executions(actor), Side::kNew);
    }
  }
  count_children();
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

void ProgramPlaces::count_children() {
  const auto count = [](const Place& place, Children& children) {
    ++children.count;
    children.change += place.delta();
    if (place.delta() == 0) return;
    auto& only = place.delta() > 0 ? children.added : children.gone;
    if (only == nullptr && place.one_sided()) only = &place;
    auto& most = place.delta() > 0 ? children.more : children.less;
    if (most == nullptr || std::abs(place.delta()) > std::abs(most->delta())) most = &place;
  };
  for (const auto& [key, place] : places_) {
    count(place, children_[place.parent]);
    count(place, children_[place.parent + place.program.exe]);
  }
}

ProgramPlaces::Children ProgramPlaces::children_of(const std::string& parent, const std::string& exe) const {
  const auto found = children_.find(parent + exe);
  return found == children_.end() ? Children{} : found->second;
}

}  // namespace rfan::replay
