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
    case Change::kRuns:
      return "runs";
    case Change::kSlower:
      return "slower";
    case Change::kFaster:
      return "faster";
  }
  return "";
}

std::string_view tag_name(Tag tag) {
  switch (tag) {
    case Tag::kClear:
      return "clear";
    case Tag::kLikely:
      return "likely";
    case Tag::kWeak:
      return "weak";
  }
  return "";
}

std::optional<Tag> parse_tag(std::string_view name) {
  for (const auto tag : {Tag::kClear, Tag::kLikely, Tag::kWeak}) {
    if (tag_name(tag) == name) return tag;
  }
  return {};
}

bool Finding::is_fact() const {
  return change == Change::kNew || change == Change::kGone || change == Change::kMoved ||
         change == Change::kProgram;
}

}  // namespace rfan::replay
