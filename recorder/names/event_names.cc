#include "recorder/names/event_names.h"

#include <fcntl.h>
#include <sys/fanotify.h>
#include <sys/stat.h>

#include <algorithm>

#include "format/base/pattern.h"
#include "recorder/kernel/file_handles.h"
#include "recorder/system/clock.h"

namespace rfan::recorder {

void EventNames::begin_arena(const Arena& arena) {
  mounts_.refresh();
  if (arena.batch_count != 0)
    repeated_.begin_arena(clock_ns(CLOCK_REALTIME) - (monotonic_ns() - arena.batches[0].read_ns));
  replacing_ = {};
  for (const auto& batch : std::span(arena.batches).first(arena.batch_count)) {
    if (batch.source == Arena::Source::kNotificationGroup) foresee(arena, batch);
  }
}

// Later events about directories help to name earlier ones, because some directories are gone or elsewhere by
// now.
void EventNames::foresee(const Arena& arena, const Arena::Batch& batch) {
  for (const auto& event : arena.events_of(batch)) {
    if (!event.kernel.is_directory()) continue;
    if (const auto named = parse_named_event(arena.records_of(event)))
      directories_.foresee(event.kernel.mask, *named);
  }
}

EventPaths EventNames::of_descriptor(const KernelEvent& event) {
  EventPaths paths;
  if (event.fd < 0) {
    paths.why_unknown = format::LossCause::kDescriptorFailed;
    return paths;
  }
  const auto file = status_of(event.fd);
  paths.is_directory = file && file->is_directory;
  if (const auto resolved = resolve(event, file)) {
    paths.path = resolved->path;
    paths.deleted = resolved->deleted;
  }
  return paths;
}

std::optional<ResolvedPath> EventNames::resolve(const KernelEvent& event,
                                                const std::optional<FileStatus>& file) {
  if (!file || file->mount == 0) return resolver_.resolve(event.fd);
  if (!mounts_.has(file->mount)) return directories_.path_of_object(event.fd);
  if (const auto path = repeated_.find(event, *file)) return ResolvedPath{*path, false};
  const auto resolved = resolver_.resolve(event.fd);
  if (resolved && !resolved->deleted) repeated_.learn(event, *file, resolved->path);
  return resolved;
}

std::optional<EventPaths> EventNames::then(int fd, std::uint64_t position, EventPaths paths) {
  if (fd < 0 || paths.path.empty() || !moves_.may_concern(position, format::base_name(paths.path)))
    return paths;
  // A path below another mount of the same filesystem (a bind mount) would become one below the table's
  // mount.
  const auto file = status_of(fd);
  if (!file || (mounts_.has(file->mount) && !directories_.shows(file->mount))) return paths;
  const std::string object = handle_of(fd, fsid_of(fd));
  if (object.empty()) return paths;
  Link link;
  switch (find_link(fd, HandleView{object}, position, paths, link)) {
    case Search::kUnsettled:
      return std::nullopt;
    case Search::kUnmoved:
      return paths;
    case Search::kFound:
      break;
  }
  const auto moved = [&](HandleView directory) { return moves_.link_at(position, directory); };
  if (const auto path = directories_.path_then(link, moved)) paths.path = *path;
  return paths;
}

EventNames::Search EventNames::find_link(int fd, HandleView object, std::uint64_t position,
                                         const EventPaths& paths, Link& link) {
  const auto name = format::base_name(paths.path);
  auto found = moves_.link_at(position, object, name);
  if (!found && paths.deleted) {
    const auto is_place = [&](const Link& place) {
      return directories_.path_of(place.directory, place.name) == paths.path;
    };
    found = moves_.replaced_since(position, object, name, is_place);
  }
  if (found) link = *found;
  if (found) return Search::kFound;
  // Only a directory above it can have moved.
  if (paths.deleted || !moves_.directory_moved_since(position)) return Search::kUnmoved;
  return find_link_now(fd, name, link);
}

// Finds the directory that holds the object of `fd` as `name`.
EventNames::Search EventNames::find_link_now(int fd, std::string_view name, Link& link) {
  struct stat object {};
  if (::fstat(fd, &object) != 0) return Search::kUnmoved;
  // A directory above it may move between the look-ups.
  for (int attempts = 0; attempts < 10; ++attempts) {
    const auto now = resolver_.resolve(fd);
    if (!now) return Search::kUnmoved;
    // It has moved itself since it was looked up.
    if (now->deleted || format::base_name(now->path) != name) return Search::kUnsettled;
    const std::string above(now->path.substr(0, now->path.size() - name.size()));
    const UniqueFd directory(::open(above.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    struct stat named {};
    if (!directory ||
        ::fstatat(directory.get(), std::string(name).c_str(), &named, AT_SYMLINK_NOFOLLOW) != 0 ||
        named.st_dev != object.st_dev || named.st_ino != object.st_ino)
      continue;
    parent_ = handle_of(directory.get(), fsid_of(directory.get()));
    link = {HandleView{parent_}, name};
    return parent_.empty() ? Search::kUnmoved : Search::kFound;
  }
  return Search::kUnsettled;
}

EventPaths EventNames::of_names(const NamedEvent& event) {
  EventPaths paths;
  if (event.name.empty()) {
    if (const auto found = directories_.path_of_object(event.object))
      paths = {found->path, {}, found->deleted};
    return paths;
  }
  first_path_ = directories_.object_path(event).value_or(std::string_view{});
  paths.path = first_path_;
  if (!event.new_name.empty()) paths.path2 = directories_.new_path(event).value_or(std::string_view{});
  return paths;
}

void EventNames::follow(std::uint64_t mask, const NamedEvent& event, const Place& place, bool of_files) {
  const bool of_directory = (mask & FAN_ONDIR) != 0;
  // The table follows the moves of every process.
  directories_.follow(mask, event);
  const bool renames = of_directory && (mask & FAN_RENAME) != 0;
  if (renames && moves_.may_hide_a_rename(event, place.since_ns)) {
    const auto now = directories_.link_now(event.object);
    if (now && moves_.may_hide_a_rename_to(*now, event, place.since_ns))
      directories_.renamed(now->directory, now->name, event.object);
  }
  const bool moves = (mask & (FAN_RENAME | FAN_DELETE)) != 0;
  if (moves && (of_directory || of_files)) moves_.add(place.position, place.until_ns, of_directory, event);
}

std::optional<NamedEvent> EventNames::of_event(std::span<const EventHead> events, const Arena& arena,
                                               const Arena::Batch& batch) {
  const auto& event = events.front();
  auto named = parse_named_event(arena.records_of(event));
  if (!named) return named;
  if (named->name.empty() && replacing_pid_ != event.kernel.pid) replacing_ = {};
  if (named->name.empty()) name_link_count(*named, events.subspan(1), arena, batch);
  replacing_ = named->new_name.empty() ? NamedEvent{} : *named;
  replacing_pid_ = event.kernel.pid;
  return named;
}

// Takes the name of a later event about the same object.
bool EventNames::borrow_name(NamedEvent& event, const Arena& arena, std::span<const EventHead> later) {
  for (const auto& next : later) {
    const auto named = parse_named_event(arena.records_of(next));
    if (!named || named->name.empty() || !(named->object == event.object)) continue;
    event.directory = named->directory;
    event.name = named->name;
    return true;
  }
  return false;
}

void EventNames::name_link_count(NamedEvent& event, std::span<const EventHead> later, const Arena& arena,
                                 const Arena::Batch& batch) const {
  auto events_left = kMaxLookAhead;
  const auto borrows_from = [&](std::span<const EventHead> events) {
    const auto some = events.first(std::min(events.size(), events_left));
    events_left -= some.size();
    return borrow_name(event, arena, some);
  };
  if (event.object.empty() || borrows_from(later)) return;
  const Arena::Batch* const end = arena.batches.data() + arena.batch_count;
  for (const Arena::Batch* next = &batch + 1; next != end && events_left > 0; ++next) {
    if (next->source == Arena::Source::kNotificationGroup && borrows_from(arena.events_of(*next))) return;
  }
  event.directory = replacing_.new_directory;
  event.name = replacing_.new_name;
}

}  // namespace rfan::recorder
