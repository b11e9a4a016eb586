#include "recorder/threads/event_lookup.h"

#include <sys/fanotify.h>

namespace rfan::recorder {

using format::LossCause;

void EventLookup::add(const ProcessRecord& record) {
  execs_.add(record);
  processes_.apply(record);
}

void EventLookup::name_executables() {
  execs_.take_executables(
      [this](ImageSerial image, std::string_view path) { processes_.name_executable(image, path); });
}

void EventLookup::begin_arena(const Arena& arena) {
  names_.begin_arena(arena);
  execs_.begin_arena(arena, position_);
}

void EventLookup::look_up(const Arena& arena, const Arena::Batch& batch, bool files_are_pending,
                          PendingEvents& out) {
  for (auto rest = arena.events_of(batch); !rest.empty(); rest = rest.subspan(1)) {
    const auto& head = rest.front();
    const auto& kernel = head.kernel;
    if (kernel.fd >= 0) out.descriptors.push_back(kernel.fd);
    ArenaEvent event{.kernel = kernel,
                     .image = head.image,
                     .own = head.own,
                     .denied = head.denied,
                     .read_ns = batch.read_ns,
                     .answered_ns = batch.answered_ns,
                     .position = ++position_};
    find_image(event, batch);
    if (kernel.is_overflow()) {
      note_overflow(batch.read_ns);
    } else if (batch.source == Arena::Source::kPermissionGroup) {
      look_up_descriptor(event, out);
    } else if (const auto named = names_.of_event(rest, arena, batch)) {
      look_up_names(event, batch, *named, files_are_pending || !out.descriptors.empty(), out);
    } else if (writer_.admits(event)) {
      writer_.lose(event, LossCause::kUnreadable);
    }
  }
}

// A process that waits for a response is known. Of others the reader knows who it was when it had read them.
void EventLookup::find_image(ArenaEvent& event, const Arena::Batch& batch) const {
  if (event.kernel.is_permission() || event.own) return;
  const auto found = execs_.image_of(event.kernel.pid, event.image, batch, event.position);
  event.image = found.image;
  event.uncertain = !found.certain;
}

void EventLookup::look_up_descriptor(ArenaEvent& event, PendingEvents& out) {
  const bool admitted = writer_.admits(event);
  if (!admitted && !event.kernel.is_exec()) return;
  const auto paths = names_.of_descriptor(event.kernel);
  if (paths.is_directory) event.kernel.mask |= FAN_ONDIR;
  if (event.kernel.is_exec()) name_exec(event, paths.path);
  if (admitted) out.add(event, paths);
}

void EventLookup::look_up_names(const ArenaEvent& event, const Arena::Batch& batch, const NamedEvent& named,
                                bool files_are_pending, PendingEvents& out) {
  // From a filesystem that is not recorded (place_marks()): ExecOrder alone needed it.
  if (event.kernel.is_exec() && !names_.directories().knows_filesystem(named.directory)) return;
  const bool admitted = writer_.admits(event);
  if (admitted || event.kernel.is_exec()) {
    const auto paths = names_.of_names(named);
    if (event.kernel.is_exec()) name_exec(event, paths.path);
    if (admitted) out.add(event, paths);
  }
  names_.follow(event.kernel.mask, named, {event.position, batch.since_ns, batch.until_ns},
                files_are_pending);
}

// Names the executable of every process, recorded or not: the program may do more than its exec.
void EventLookup::name_exec(const ArenaEvent& event, std::string_view path) {
  execs_.name_exec(event.kernel.pid, event.position, path);
  name_executables();
}

void EventLookup::note_overflow(std::uint64_t time_ns) {
  ledger_.add({LossCause::kQueueOverflow, std::nullopt, time_ns, time_ns});
  names_.directories().forget_all();
}

}  // namespace rfan::recorder
