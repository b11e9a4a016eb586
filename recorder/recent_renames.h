// Takes back, in a path that was looked up late, what was renamed since the event that it belongs to.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "recorder/named_events.h"

namespace rfan::recorder {

// A descriptor's path is the one at the time of the look-up, milliseconds after the event. The renames in
// between are in the same stream; here they are undone, latest first. Writer thread only.
//
// Positions number the events of both groups in the order of the stream. Not undone: renames that the kernel
// merged, and those of what was reached through another mount than the one that renames are named by (a bind
// mount).
class RecentRenames {
 public:
  // The event at `position`, later than all added before, renamed `from` to `to`; `object` is what was
  // renamed, empty when the kernel did not tell. Copies its arguments.
  void add(std::uint64_t position, std::string_view from, std::string_view to, HandleView object);

  // The path that what was found at `path` had at `position`; nothing when that is `path` itself. `is_it`
  // says whether the handle is that of the object found; asked only when a rename led to this very path.
  std::optional<std::string> path_at(std::uint64_t position, std::string_view path,
                                     const std::function<bool(HandleView)>& is_it) const;

  // No position before this one will be asked about.
  void forget_before(std::uint64_t position);

 private:
  struct Rename {
    std::uint64_t position;
    std::string from;
    std::string to;
    std::string object;
  };
  std::deque<Rename> renames_;
};

}  // namespace rfan::recorder
