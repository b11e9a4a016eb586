// Holds the places of programs in the process trees of a comparison, and how often they ran on each side.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <map>
#include <span>
#include <string>

#include "replay/diff/names/process_shape.h"
#include "replay/diff/runs/comparison.h"

namespace rfan::replay {

// How often the program at one place of the process tree was executed: means over the runs of a side.
struct Place {
  double base = 0;
  double fresh = 0;
  Program program;
  std::string key;     // place_key() of the program
  std::string parent;  // place_key() of the ancestors
  std::string by;      // label of the parent

  bool one_sided() const { return (base == 0) != (fresh == 0); }
  bool same_direction(const Place& other) const { return (base < fresh) == (other.base < other.fresh); }
  double delta() const { return fresh - base; }
  // Returns true if the number of executions changed in the same direction as that of `other`.
  bool changed_like(const Place& other) const {
    return base != fresh && other.base != other.fresh && same_direction(other);
  }
};

// Finds places by key, actor or executable. Refers to the actors of a comparison, which must outlive it. Any
// thread.
class ProgramPlaces {
 public:
  explicit ProgramPlaces(const Comparison& comparison);

  const std::string& key_of(std::uint32_t actor) const { return keys_[actor]; }
  const Place& at(const std::string& key) const { return places_.at(key); }
  const Place& of(std::uint32_t actor) const { return at(key_of(actor)); }
  // Returns how often `path` ran as a program at all places together, or null if it never did. Only the
  // counts are set.
  const Place* executable(const std::string& path) const;

  // Returns the key of the outermost place on the way to `actor` that `fits`, or an empty text.
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

  // Returns the place of the program `exe` that the one at `parent` started, or an empty text.
  std::string child_of(const std::string& parent, const std::string& exe) const;
  // Some of the programs that one program started.
  struct Children {
    std::size_t count = 0;
    const Place* added = nullptr;  // on the new side only; the first one
    const Place* gone = nullptr;
    const Place* more = nullptr;  // executed more often; the one with the largest change
    const Place* less = nullptr;
    double change = 0;  // of all executions
  };
  // Returns those that the program at `parent` started, all or of one executable.
  Children children_of(const std::string& parent, const std::string& exe = {}) const;

 private:
  void count_children();

  const Comparison& comparison_;
  std::vector<std::string> keys_;                        // by actor
  std::map<std::string, Place> places_;                  // by place_key()
  absl::flat_hash_map<std::string, Place> executables_;  // by path
  absl::flat_hash_map<std::string, Children> children_;  // by the parent's place_key(), and that and the exe
};

}  // namespace rfan::replay
