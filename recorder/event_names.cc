#include "recorder/event_names.h"

#include "recorder/clock.h"

namespace rfan::recorder {

void EventNames::begin_arena(const Arena& arena) {
  mounts_.refresh();
  if (arena.batch_count != 0)
    repeated_.begin_arena(clock_ns(CLOCK_REALTIME) - (monotonic_ns() - arena.batches[0].read_ns));
  replacing_ = {};
  for (const auto& batch : std::span(arena.batches).first(arena.batch_count)) {
    if (batch.source == Arena::Source::kNotificationGroup) foresee(arena.bytes_of(batch));
  }
}

// What later events say of directories helps to name earlier ones: by now some of them are gone or elsewhere.
void EventNames::foresee(std::span<const std::byte> raw) {
  KernelEventWalker walker(raw);
  KernelEvent event;
  while (walker.next(event)) {
    if (!event.is_directory()) continue;
    if (const auto named = parse_named_event(event.info)) directories_.foresee(event.mask, *named);
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

std::optional<NamedEvent> EventNames::of_event(const KernelEvent& event, const KernelEventWalker& ahead,
                                               const Arena& arena, const Arena::Batch& batch) {
  auto named = parse_named_event(event.info);
  if (!named) return named;
  if (named->name.empty() && replacing_pid_ != event.pid) replacing_ = {};
  if (named->name.empty()) name_link_count(*named, ahead, arena, batch);
  replacing_ = named->new_name.empty() ? NamedEvent{} : *named;
  replacing_pid_ = event.pid;
  return named;
}

// Takes the name of a later event of the walk that is about the same object.
bool EventNames::borrow_name(NamedEvent& event, KernelEventWalker ahead, int& events_left) {
  KernelEvent next;
  for (; events_left > 0 && ahead.next(next); --events_left) {
    const auto named = parse_named_event(next.info);
    if (!named || named->name.empty() || !(named->object == event.object)) continue;
    event.directory = named->directory;
    event.name = named->name;
    return true;
  }
  return false;
}

void EventNames::name_link_count(NamedEvent& event, const KernelEventWalker& ahead, const Arena& arena,
                                 const Arena::Batch& batch) const {
  int events_left = kMaxLookAhead;
  if (event.object.empty() || borrow_name(event, ahead, events_left)) return;
  const Arena::Batch* const end = arena.batches.data() + arena.batch_count;
  for (const Arena::Batch* next = &batch + 1; next != end && events_left > 0; ++next) {
    if (next->source != Arena::Source::kNotificationGroup) continue;
    if (borrow_name(event, KernelEventWalker(arena.bytes_of(*next)), events_left)) return;
  }
  event.directory = replacing_.new_directory;
  event.name = replacing_.new_name;
}

}  // namespace rfan::recorder
