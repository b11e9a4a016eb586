// Folds names that programs choose at random, by the evidence of all runs of a comparison.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace rfan::replay {

// A name of a comparison, and what happened to it.
struct NameUse {
  std::string_view name;   // an absolute path, as NameFolding gives it
  std::uint32_t runs = 0;  // one bit for each run that has it
  bool temporary = false;  // it was created, and deleted or renamed
};

// Returns the folded name for each use, or an empty text for a name that stays.
//
// Only a component that a single run has below its directory is folded, since a name that comes again is not
// random. It needs one of these witnesses:
//   - another run has a name in the same directory that is equal but for one token of letters and digits of
//     the same length. The token may be any of four characters or more if both names are temporary; else it
//     must look random (fold_tokens.h);
//   - it is temporary, and a token looks random;
//   - it is a directory of one or two hexadecimal digits beside folded ones (<hh>).
// So OrderService.java in one run and UserService.java in the other stay two names, wherever they lie.
//
// Rejected: to fold below /tmp whatever looks random. A work directory below /tmp is common, and names of
// people in camel case look as random as six letters of mkstemp(3).
std::vector<std::string> fold_random_names(std::span<const NameUse> uses);

}  // namespace rfan::replay
