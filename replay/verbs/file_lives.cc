#include "replay/verbs/file_lives.h"

#include <utility>
#include <vector>

namespace rfan::replay {
namespace {

// "/a/b" as "a" and what remains, "b".
std::string_view take_component(std::string_view& path) {
  if (path.starts_with('/')) path.remove_prefix(1);
  const auto component = path.substr(0, path.find('/'));
  path.remove_prefix(component.size());
  return component;
}

}  // namespace

FileLives::Node::~Node() {
  std::vector<std::unique_ptr<Node>> pending;
  const auto take_children = [&](Node& node) {
    for (auto& [name, child] : node.children) pending.push_back(std::move(child));
    node.children.clear();
  };
  take_children(*this);
  while (!pending.empty()) {
    const auto node = std::move(pending.back());
    pending.pop_back();
    if (node) take_children(*node);
  }
}

void FileLives::create(std::string_view path, const Moment& now) {
  if (path.empty()) return;
  auto& place = place_of(path);
  place = std::make_unique<Node>();
  place->life = std::make_unique<Life>(Life{std::string(path), now});
}

void FileLives::rename(std::string_view from, std::string_view to) {
  auto moved = detach(from);
  detach(to);
  if (moved && !to.empty()) place_of(to) = std::move(moved);
}

std::unique_ptr<FileLives::Life> FileLives::remove(std::string_view path) {
  const auto node = detach(path);
  return node ? std::move(node->life) : nullptr;
}

// Removes the node, and the directories that are empty without it.
std::unique_ptr<FileLives::Node> FileLives::detach(std::string_view path) {
  std::vector<std::pair<Node*, decltype(Node::children)::iterator>> way;
  for (auto* node = root_.get(); !path.empty();) {
    const auto child = node->children.find(take_component(path));
    if (child == node->children.end()) return nullptr;
    way.emplace_back(node, child);
    node = child->second.get();
  }
  if (way.empty()) return nullptr;
  auto found = std::move(way.back().second->second);
  do {
    way.back().first->children.erase(way.back().second);
    way.pop_back();
  } while (!way.empty() && way.back().second->second->children.empty() && !way.back().second->second->life);
  return found;
}

std::unique_ptr<FileLives::Node>& FileLives::place_of(std::string_view path) {
  auto* place = &root_;
  while (!path.empty()) {
    if (!*place) *place = std::make_unique<Node>();
    auto& children = (*place)->children;
    const auto component = take_component(path);
    auto child = children.find(component);
    if (child == children.end()) child = children.emplace(component, nullptr).first;
    place = &child->second;
  }
  return *place;
}

}  // namespace rfan::replay
