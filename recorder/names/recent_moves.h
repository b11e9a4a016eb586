// Where files and directories were before they were renamed or removed, by identity.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "recorder/kernel/named_events.h"

namespace rfan::recorder {

// A descriptor's path is looked up milliseconds after its event, and shows what the file is called by then.
// The renames and removals in between are in the stream; this class keeps them until no event before them is
// left, and tells the former link of an object. Writer thread only.
//
// Positions number the events of both groups in the order of the stream. Objects are told apart by handle: in
// the text of a path, a directory that took the name of a removed one looks like it, and the files of the
// removed one got the newcomer's former name.
class RecentMoves {
 public:
  // The event at `position`, later than all added before, renamed or removed `event.object`; it was read
  // before `until_ns` (CLOCK_MONOTONIC). Copies what it is given.
  void add(std::uint64_t position, std::uint64_t until_ns, bool of_directory, const NamedEvent& event);

  // Whether what was found under `name` may have had another path at `position`. Cheap, and true too often.
  bool may_concern(std::uint64_t position, std::string_view name) const;
  bool directory_moved_since(std::uint64_t position) const { return last_directory_ > position; }

  // The link that a directory had at `position`; nothing if it has not moved since. Links are valid until the
  // next forget_before().
  std::optional<Link> link_at(std::uint64_t position, HandleView directory) const;
  // The same for a file that may have several names, by the one under which it was found later.
  std::optional<Link> link_at(std::uint64_t position, HandleView file, std::string_view name) const;
  // The link of a file that `object` is not and that a rename to `name` replaced after `position`: the first
  // for which `is_place` is true.
  std::optional<Link> replaced_since(std::uint64_t position, HandleView object, std::string_view name,
                                     const std::function<bool(const Link&)>& is_place) const;

  // The kernel merges a rename into an equal one of the same process that is still queued: of a -> b, b -> a,
  // a -> b only the first two arrive, and the object is not where the stream says. Whether `event` may hide
  // such a rename: it brings the object back to where a rename took it from that may still have been queued
  // at `since_ns`; and whether that led to `place`.
  bool may_hide_a_rename(const NamedEvent& event, std::uint64_t since_ns) const;
  bool may_hide_a_rename_to(const Link& place, const NamedEvent& event, std::uint64_t since_ns) const;

  // No position before this one will be asked about, and no time before `since_ns`.
  void forget_before(std::uint64_t position, std::uint64_t since_ns);

 private:
  struct Move {
    std::uint64_t position;
    std::uint64_t until_ns;
    std::string object;
    std::string directory, name;
    std::string new_directory, new_name;  // empty: removed

    Link from() const { return {HandleView{directory}, name}; }
    Link to() const { return {HandleView{new_directory}, new_name}; }
    std::string_view last_name() const { return new_name.empty() ? name : new_name; }
  };
  const std::vector<const Move*>* moves_of(HandleView object) const;
  bool any_hidden(const NamedEvent& event, std::uint64_t since_ns, const Link* place) const;

  std::deque<Move> moves_;
  std::map<std::string, std::vector<const Move*>, std::less<>> by_object_;
  std::map<std::string, std::uint32_t, std::less<>> names_;  // last_name() of how many moves
  std::uint64_t last_directory_ = 0;                         // position of the last move of a directory
};

}  // namespace rfan::recorder
