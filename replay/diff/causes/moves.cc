#include "replay/diff/causes/moves.h"

#include <absl/container/flat_hash_map.h>
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "replay/diff/causes/path_tree.h"

namespace rfan::replay {
namespace {

std::string_view name_of(std::string_view path) {
  return path.substr(parent_of(path).size());
}

std::string without_version(std::string_view path) {
  std::string name(name_of(path));
  std::erase_if(name, [](char c) { return (c >= '0' && c <= '9') || c == '.'; });
  return std::string(parent_of(path)) + name;
}

std::string use_of(const OneSidedPlace& place) {
  return fmt::format("{}\n{}\n{}\n{}", parent_of(place.path), place.programs, place.events,
                     place.names.size());
}

class MovePairing {
 public:
  explicit MovePairing(std::span<const OneSidedPlace> places) : places_(places), taken_(places.size()) {
    for (std::size_t i = 0; i < places.size(); ++i) {
      if (!places[i].is_new) index(i);
    }
  }

  std::vector<Move> pair() {
    pair_by([&](const OneSidedPlace& place) { return same_names(place); }, false);
    pair_by([&](const OneSidedPlace& place) { return other_version(place); }, false);
    pair_by([&](const OneSidedPlace& place) { return first_of(by_use_, use_of(place)); }, true);
    return std::move(moves_);
  }

 private:
  using Index = absl::flat_hash_map<std::string, std::vector<std::size_t>>;

  template <typename Find>
  void pair_by(Find find, bool choice) {
    for (std::size_t i = 0; i < places_.size(); ++i) {
      if (!places_[i].is_new || taken_[i]) continue;
      const auto gone = find(places_[i]);
      if (!gone) continue;
      taken_[i] = taken_[*gone] = true;
      moves_.push_back({*gone, i, choice});
    }
  }

  void index(std::size_t i) {
    const auto& place = places_[i];
    const auto add = [&](Index& index, const std::string& key) {
      auto& candidates = index[key];
      if (candidates.size() < kMostCandidates) candidates.push_back(i);
    };
    if (place.names.empty()) {
      add(by_name_, std::string(name_of(place.path)));
      add(by_version_, without_version(place.path));
    }
    for (const auto name : place.names) add(by_name_, std::string(name));
    add(by_use_, use_of(place));
  }

  std::optional<std::size_t> first_of(const Index& index, const std::string& key) const {
    const auto found = index.find(key);
    if (found == index.end()) return {};
    const auto free =
        std::find_if(found->second.begin(), found->second.end(), [&](std::size_t i) { return !taken_[i]; });
    return free == found->second.end() ? std::nullopt : std::optional(*free);
  }

  std::optional<std::size_t> other_version(const OneSidedPlace& place) const {
    return place.names.empty() ? first_of(by_version_, without_version(place.path)) : std::nullopt;
  }

  std::optional<std::size_t> same_names(const OneSidedPlace& place) const {
    absl::flat_hash_map<std::size_t, std::size_t> common;
    const auto count = [&](std::string_view name) {
      const auto found = by_name_.find(std::string(name));
      if (found == by_name_.end()) return;
      for (const auto i : found->second) common[i] += !taken_[i];
    };
    if (place.names.empty()) count(name_of(place.path));
    for (const auto name : place.names) count(name);
    std::optional<std::size_t> best;
    for (const auto& [i, names] : common) {
      const bool alike = place.names.empty() == places_[i].names.empty();
      const auto all = std::max<std::size_t>({place.names.size(), places_[i].names.size(), 1});
      const bool more = !best || std::pair(names, *best) > std::pair(common.at(*best), i);
      if (alike && 2 * names > all && more) best = i;
    }
    return best;
  }

  std::span<const OneSidedPlace> places_;
  std::vector<bool> taken_;
  std::vector<Move> moves_;
  Index by_name_, by_version_, by_use_;
};

}  // namespace

std::vector<Move> find_moves(std::span<const OneSidedPlace> places) {
  return MovePairing(places).pair();
}

}  // namespace rfan::replay
