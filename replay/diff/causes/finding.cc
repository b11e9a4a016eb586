#include "replay/diff/causes/finding.h"

namespace rfan::replay {

std::string_view change_name(Change change) {
  switch (change) {
    case Change::kNew:
      return "new";
    case Change::kGone:
      return "gone";
    case Change::kMore:
      return "more";
    case Change::kLess:
      return "less";
    case Change::kMoved:
      return "moved";
    case Change::kProgram:
      return "program";
    case Change::kProcesses:
      return "processes";
    case Change::kSlower:
      return "slower";
    case Change::kFaster:
      return "faster";
  }
  return "";
}

}  // namespace rfan::replay
