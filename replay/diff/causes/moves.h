// Pairs places that are gone with new ones that took their part.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace rfan::replay {

// A file or directory that only one side has.
struct OneSidedPlace {
  bool is_new = false;
  std::string_view path;                // the file, or the directory that holds all names
  std::vector<std::string_view> names;  // sorted, below `path`; empty for a file
  std::string programs;                 // that used it
  double events = 0;
};

struct Move {
  std::size_t gone = 0;  // indices of places
  std::size_t fresh = 0;
  bool choice = false;  // nothing but use and directory agree, as if one had been chosen at random
};

// Pairs each new place with at most one that is gone, by the first of these that holds:
//   1. more than half of the names below both are equal; for files, their own name is;
//   2. both are files of one directory, whose names differ only by digits and dots (another version);
//   3. both lie in one directory, with as many names, and the same programs used them as often.
// Takes time in proportion to the number of names: looks at no more than kMostCandidates places that are gone
// for each name.
std::vector<Move> find_moves(std::span<const OneSidedPlace> places);

inline constexpr std::size_t kMostCandidates = 32;

}  // namespace rfan::replay
