#include "recorder/names/recent_moves.h"

#include <algorithm>

namespace rfan::recorder {

void RecentMoves::add(std::uint64_t position, std::uint64_t until_ns, bool of_directory,
                      const NamedEvent& event) {
  if (event.object.empty() || event.name.empty()) return;
  const auto& move = moves_.emplace_back(
      Move{position, until_ns, std::string(event.object.bytes), std::string(event.directory.bytes),
           std::string(event.name), std::string(event.new_directory.bytes), std::string(event.new_name)});
  by_object_[move.object].push_back(&move);
  ++names_[std::string(move.last_name())];
  if (of_directory) last_directory_ = position;
}

bool RecentMoves::may_concern(std::uint64_t position, std::string_view name) const {
  if (moves_.empty() || moves_.back().position <= position) return false;
  return directory_moved_since(position) || names_.contains(name);
}

const std::vector<const RecentMoves::Move*>* RecentMoves::moves_of(HandleView object) const {
  const auto found = by_object_.find(object.bytes);
  return found == by_object_.end() ? nullptr : &found->second;
}

std::optional<Link> RecentMoves::link_at(std::uint64_t position, HandleView directory) const {
  const auto* moves = moves_of(directory);
  if (moves == nullptr) return std::nullopt;
  const auto first =
      std::find_if(moves->begin(), moves->end(), [&](const Move* move) { return move->position > position; });
  return first == moves->end() ? std::nullopt : std::optional((*first)->from());
}

// Goes back from the latest move, along the names that lead to `name`, because other links of the file have
// moves of their own. If no move leads to `name`, the file was looked up before the first move from there,
// which gives the link.
std::optional<Link> RecentMoves::link_at(std::uint64_t position, HandleView file,
                                         std::string_view name) const {
  const auto* moves = moves_of(file);
  if (moves == nullptr) return std::nullopt;
  std::optional<Link> link;
  for (auto move = moves->rbegin(); move != moves->rend() && (*move)->position > position; ++move) {
    if ((*move)->last_name() == (link ? link->name : name)) link = (*move)->from();
  }
  if (link) return link;
  const auto first = std::find_if(moves->begin(), moves->end(), [&](const Move* move) {
    return move->position > position && move->name == name;
  });
  return first == moves->end() ? std::nullopt : std::optional((*first)->from());
}

std::optional<Link> RecentMoves::replaced_since(std::uint64_t position, HandleView object,
                                                std::string_view name,
                                                const std::function<bool(const Link&)>& is_place) const {
  for (const auto& move : moves_) {
    if (move.position <= position || move.new_name != name || move.object == object.bytes) continue;
    if (is_place(move.to())) return move.to();
  }
  return std::nullopt;
}

bool RecentMoves::may_hide_a_rename(const NamedEvent& event, std::uint64_t since_ns) const {
  return any_hidden(event, since_ns, nullptr);
}

bool RecentMoves::may_hide_a_rename_to(const Link& place, const NamedEvent& event,
                                       std::uint64_t since_ns) const {
  return any_hidden(event, since_ns, &place);
}

bool RecentMoves::any_hidden(const NamedEvent& event, std::uint64_t since_ns, const Link* place) const {
  const auto* moves = moves_of(event.object);
  if (moves == nullptr) return false;
  return std::any_of(moves->begin(), moves->end(), [&](const Move* move) {
    const bool was_queued = move->until_ns > since_ns && !move->new_name.empty();
    return was_queued && move->from() == Link{event.new_directory, event.new_name} &&
           (place == nullptr || move->to() == *place);
  });
}

void RecentMoves::forget_before(std::uint64_t position, std::uint64_t since_ns) {
  while (!moves_.empty() && moves_.front().position < position && moves_.front().until_ns < since_ns) {
    const Move& oldest = moves_.front();
    const auto of_object = by_object_.find(oldest.object);
    of_object->second.erase(of_object->second.begin());
    if (of_object->second.empty()) by_object_.erase(of_object);
    const auto named = names_.find(oldest.last_name());
    if (--named->second == 0) names_.erase(named);
    moves_.pop_front();
  }
}

}  // namespace rfan::recorder
