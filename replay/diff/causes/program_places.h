// Where programs stand in the process trees of a comparison, and how often they ran on each side.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <map>
#include <span>
#include <string>

#include "replay/diff/runs/comparison.h"

namespace rfan::replay {

// How often the program at one place of the process tree ran: means over the runs of a side.
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

// A key of each place; those below a place begin with its key.
std::string place_key(std::span<const Program> chain);

// Refers to the actors of a comparison, which must outlive it. Any thread.
class ProgramPlaces {
 public:
  explicit ProgramPlaces(const Comparison& comparison);

  const std::string& key_of(std::uint32_t actor) const { return keys_[actor]; }
  const Place& at(const std::string& key) const { return places_.at(key); }
  const Place& of(std::uint32_t actor) const { return at(key_of(actor)); }
  // How often `path` ran as a program, at all places together; null when it never did. Only the counts are
  // set.
  const Place* executable(const std::string& path) const;

  // The outermost place on the way to `actor` that `fits`; empty when none does.
  template <typename Fits>
  std::string outermost(std::uint32_t actor, Fits fits) const {
    const std::span chain = comparison_.actors()[actor].chain;
    for (std::size_t depth = 1; depth <= chain.size(); ++depth) {
      auto key = place_key(chain.first(depth));
      const auto place = places_.find(key);
      if (place != places_.end() && fits(place->second)) return key;
    }
    return {};
  }

  // The place of the program `exe` that the one at `parent` started; empty when there is none.
  std::string child_of(const std::string& parent, const std::string& exe) const;
  // A program that the one at `parent` started on one side only; empty when there is none.
  std::string one_sided_child(const std::string& parent, bool is_new) const;

 private:
  const Comparison& comparison_;
  std::vector<std::string> keys_;                        // by actor
  std::map<std::string, Place> places_;                  // by place_key()
  absl::flat_hash_map<std::string, Place> executables_;  // by path
};

}  // namespace rfan::replay
