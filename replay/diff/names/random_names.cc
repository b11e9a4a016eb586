#include "replay/diff/names/random_names.h"

#include <absl/container/flat_hash_map.h>

#include <algorithm>
#include <bit>
#include <map>
#include <utility>

#include "format/base/pattern.h"
#include "replay/diff/names/fold_tokens.h"
#include "replay/diff/names/parent_of.h"

namespace rfan::replay {
namespace {

constexpr std::string_view kTemp = "<temp>";
constexpr std::string_view kFanOut = "<hh>";
constexpr std::size_t kLeastTemporaryToken = 4;
constexpr std::size_t kLeastTemporaryNumber = 3;
// The last tokens of a component that may be random. A name of a hostile trace has a thousand.
constexpr std::size_t kMostTokens = 8;
// Stands for the folded part of a pattern. No path component contains a slash.
constexpr char kHole = '/';

bool single_run(std::uint32_t runs) {
  return std::popcount(runs) == 1;
}

// A component of the names that only one run has.
struct Node {
  std::string_view name;  // from the root to this component
  std::string_view component;
  std::uint32_t runs = 0;
  bool temporary = false;
  std::uint32_t parent = 0;
  std::vector<std::uint32_t> children;
  std::string folded;  // the component, folded
};

// Components of one name below one (folded) directory.
struct Entry {
  std::uint32_t runs = 0;
  bool temporary = false;
  std::vector<std::uint32_t> nodes;
};
using Entries = std::map<std::string_view, Entry>;

// A component with holes for the tokens that may be random.
struct Pattern {
  std::string text;  // equal for names that may be one
  std::vector<Token> holes;
};

Pattern pattern_of(std::string_view component, std::vector<Token> holes) {
  Pattern pattern{{}, std::move(holes)};
  std::size_t end = 0;
  for (const auto [begin, length] : pattern.holes) {
    const bool number = all_digits(component.substr(begin, length));
    pattern.text += component.substr(end, begin - end);
    (pattern.text += kHole) += (number ? "d" : std::to_string(length)) + kHole;
    end = begin + length;
  }
  pattern.text += component.substr(end);
  return pattern;
}

bool has_digit(std::string_view token) {
  return token.find_first_of("0123456789") != std::string_view::npos;
}

// Returns the ways in which a component may be random, the most likely first.
std::vector<Pattern> patterns_of(std::string_view component, bool temporary) {
  std::vector<Pattern> patterns;
  const auto known = known_temporary_part(component);
  if (known.length != 0 && (temporary || has_digit(component.substr(known.begin, known.length))))
    patterns.push_back(pattern_of(component, {known}));
  auto tokens = tokens_of(component);
  if (tokens.size() > kMostTokens) tokens.erase(tokens.begin(), tokens.end() - kMostTokens);
  std::vector<Token> with_digits;
  for (auto at = tokens.rbegin(); at != tokens.rend(); ++at) {
    const auto token = component.substr(at->begin, at->length);
    const auto least = all_digits(token) ? kLeastTemporaryNumber : kLeastTemporaryToken;
    if (temporary ? at->length >= least : looks_random(token))
      patterns.push_back(pattern_of(component, {*at}));
    if (has_digit(token)) with_digits.insert(with_digits.begin(), *at);
  }
  if (temporary && with_digits.size() > 1) patterns.push_back(pattern_of(component, std::move(with_digits)));
  return patterns;
}

// Replaces all but the first `kept` characters of the holes.
std::string replaced(std::string_view component, std::span<const Token> holes, std::size_t kept) {
  std::string text;
  std::size_t end = 0;
  for (const auto [begin, length] : holes) {
    (text += component.substr(end, begin + kept - end)) += kTemp;
    end = begin + length;
  }
  return text += component.substr(end);
}

// Decides the names below one directory.
class DirectoryFolding {
 public:
  // `fans_out`: some name below the directory, of any run, is a folded <hh>.
  DirectoryFolding(const Entries& entries, bool fans_out) : fans_out_(fans_out) {
    for (const auto& [component, entry] : entries) {
      if (!single_run(entry.runs)) continue;
      for (auto& pattern : patterns_of(component, entry.temporary)) {
        auto& group = groups_[pattern.text];
        const auto token = component.substr(pattern.holes.front().begin, pattern.holes.front().length);
        group.common = group.runs == 0 ? token : common_prefix(group.common, token);
        group.runs |= entry.runs;
      }
    }
  }

  std::string folded(std::string_view component, const Entry& entry) const {
    if (!single_run(entry.runs)) return std::string(component);
    if (fans_out_ && is_hex_fan_out(component)) return std::string(kFanOut);
    const auto patterns = patterns_of(component, entry.temporary);
    for (const auto& pattern : patterns) {
      const auto& group = groups_.at(pattern.text);
      if (single_run(group.runs)) continue;
      const bool word = pattern.holes.size() == 1 && !has_digit(group.common);
      return replaced(component, pattern.holes, word ? group.common.size() : 0);
    }
    const auto alone = std::find_if(patterns.begin(), patterns.end(), [&](const Pattern& pattern) {
      const auto [begin, length] = pattern.holes.front();
      return known_temporary_part(component).length != 0 || looks_random(component.substr(begin, length));
    });
    const bool random = entry.temporary && alone != patterns.end();
    return random ? replaced(component, alone->holes, 0) : std::string(component);
  }

 private:
  struct Group {
    std::uint32_t runs = 0;
    std::string_view common;  // the beginning that all tokens share
  };

  static std::string_view common_prefix(std::string_view a, std::string_view b) {
    const auto end = std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first;
    return a.substr(0, static_cast<std::size_t>(end - a.begin()));
  }

  bool fans_out_;
  absl::flat_hash_map<std::string, Group> groups_;  // by Pattern::text
};

// The names that only one run has, as a tree.
class NameTree {
 public:
  explicit NameTree(std::span<const NameUse> uses) {
    note_runs(uses);
    nodes_.push_back({});
    for (const auto& use : uses) {
      if (single_run(use.runs)) add(use);
    }
  }

  void fold() {
    // Each item is the nodes that one folded directory stands for. A list instead of recursion: a path may
    // have thousands of components.
    std::vector<std::vector<std::uint32_t>> open{{0}};
    while (!open.empty()) {
      const auto parents = std::move(open.back());
      open.pop_back();
      const auto entries = entries_of(parents);
      const DirectoryFolding folding(entries, fans_out(parents));
      std::map<std::string, std::vector<std::uint32_t>> merged;
      for (const auto& [component, entry] : entries) {
        auto name = folding.folded(component, entry);
        auto& nodes = merged[name];
        nodes.insert(nodes.end(), entry.nodes.begin(), entry.nodes.end());
      }
      for (auto& [name, nodes] : merged) {
        for (const auto node : nodes) nodes_[node].folded = name;
        open.push_back(std::move(nodes));
      }
    }
  }

  // Returns the folded name, or an empty text if that is the name itself.
  std::string folded(const NameUse& use) const {
    std::vector<std::string_view> components;
    bool changed = false;
    for (auto id = ids_.at(use.name); id != 0; id = nodes_[id].parent) {
      components.push_back(nodes_[id].folded);
      changed |= nodes_[id].folded != nodes_[id].component;
    }
    if (!changed) return {};
    std::string name(components.back());
    for (auto at = components.rbegin() + 1; at != components.rend(); ++at) (name += '/') += *at;
    return name;
  }

 private:
  void note_runs(std::span<const NameUse> uses) {
    for (const auto& use : uses) {
      for (auto name = use.name;; name = parent_of(name)) {
        auto& runs = runs_[name];
        if ((runs | use.runs) == runs) break;
        runs |= use.runs;
        if (name.find('/') == std::string_view::npos) break;
      }
    }
  }

  bool fans_out(const std::vector<std::uint32_t>& directories) const {
    return std::any_of(directories.begin(), directories.end(), [&](std::uint32_t id) {
      return runs_.contains(std::string(nodes_[id].name) + "/" + std::string(kFanOut));
    });
  }

  void add(const NameUse& use) {
    const auto id = node_of(use.name);
    nodes_[id].temporary = use.temporary;
  }

  // Returns the node of a name; makes it and those of its directories.
  std::uint32_t node_of(std::string_view name) {
    std::vector<std::string_view> missing;
    std::uint32_t id = 0;
    for (auto rest = name;; rest = parent_of(rest)) {
      if (const auto known = ids_.find(rest); known != ids_.end()) {
        id = known->second;
        break;
      }
      missing.push_back(rest);
      if (rest.find('/') == std::string_view::npos) break;
    }
    for (auto at = missing.rbegin(); at != missing.rend(); ++at) {
      const auto child = static_cast<std::uint32_t>(nodes_.size());
      nodes_.emplace_back();
      auto& node = nodes_.back();
      node.name = *at;
      node.component = format::base_name(*at);
      node.runs = runs_.at(*at);
      node.parent = id;
      nodes_[id].children.push_back(child);
      ids_.emplace(*at, child);
      id = child;
    }
    return id;
  }

  Entries entries_of(const std::vector<std::uint32_t>& parents) const {
    Entries entries;
    for (const auto parent : parents) {
      for (const auto id : nodes_[parent].children) {
        const auto& node = nodes_[id];
        auto& entry = entries[node.component];
        const bool first = entry.nodes.empty();
        entry.runs |= node.runs;
        entry.temporary = node.temporary && (first || entry.temporary);
        entry.nodes.push_back(id);
      }
    }
    return entries;
  }

  absl::flat_hash_map<std::string_view, std::uint32_t> runs_;  // by name and directory, of all names
  std::vector<Node> nodes_;                                    // the first is the root
  absl::flat_hash_map<std::string_view, std::uint32_t> ids_;
};

}  // namespace

std::vector<std::string> fold_random_names(std::span<const NameUse> uses) {
  NameTree tree(uses);
  tree.fold();
  std::vector<std::string> folded;
  folded.reserve(uses.size());
  for (const auto& use : uses) folded.push_back(single_run(use.runs) ? tree.folded(use) : std::string());
  return folded;
}

}  // namespace rfan::replay
