// Remembers, by identity, where files and directories were before they were renamed or removed.
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

// Gives the former link of an object. A descriptor's path is looked up milliseconds after its event and shows
// the name at that later time. The renames and removals in between are in the stream; this class keeps them
// until no event before them is left. For the writer thread.
//
// Positions number the events of both groups in stream order. Objects are identified by handle; paths were
// rejected: a directory that took the name of a removed one has the same path, and files of the removed one
// then got the newcomer's former name.
class RecentMoves {
 public:
  // Adds an event that renamed or removed `event.object`. `position` is later than all before; the event was
  // read before `until_ns` (CLOCK_MONOTONIC). Copies its arguments.
  void add(std::uint64_t position, std::uint64_t until_ns, bool of_directory, const NamedEvent& event);

  // Returns whether the object found as `name` may have had another path at `position`. Cheap, and true too
  // often.
  bool may_concern(std::uint64_t position, std::string_view name) const;
  bool directory_moved_since(std::uint64_t position) const { return last_directory_ > position; }

  // Returns the link of a directory at `position`, or nothing if it has not moved since. Valid until the next
  // forget_before().
  std::optional<Link> link_at(std::uint64_t position, HandleView directory) const;
  // Does so for a file, which may have several names; `name` is the one under which it was found later.
  std::optional<Link> link_at(std::uint64_t position, HandleView file, std::string_view name) const;
  // Returns the link of another file that was replaced by a rename to `name` after `position`: the first one
  // for which `is_place` is true.
  std::optional<Link> replaced_since(std::uint64_t position, HandleView object, std::string_view name,
                                     const std::function<bool(const Link&)>& is_place) const;

  // Returns whether `event` may hide a rename. The kernel merges a rename into an equal one of the same
  // process that is still queued: of a -> b, b -> a, a -> b only the first two arrive, and the object is not
  // where the stream says. An event may hide one if it brings the object back to the old place of a rename
  // that may still have been queued at `since_ns`. The second function also requires that this rename led to
  // `place`.
  bool may_hide_a_rename(const NamedEvent& event, std::uint64_t since_ns) const;
  bool may_hide_a_rename_to(const Link& place, const NamedEvent& event, std::uint64_t since_ns) const;

  // Forgets moves before `position` that were read before `since_ns`. Later calls must not ask about either.
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
  std::map<std::string, std::uint32_t, std::less<>> names_;  // number of moves by last_name()
  std::uint64_t last_directory_ = 0;                         // of the last move of a directory
};

}  // namespace rfan::recorder
