#include "recorder/threads/capture_turns.h"

#include <unistd.h>

#include <array>
#include <utility>

namespace rfan::recorder {
namespace {

// The only writer of the figure is this thread.
void add_to(std::atomic<std::uint64_t>& figure, std::uint64_t more) {
  figure.store(figure.load(std::memory_order_relaxed) + more, std::memory_order_relaxed);
}

// Permission events that were read and are to be entered.
std::size_t waiting_events(const EventRead& permissions) {
  return permissions.bytes.size() / kKernelEventBytes;
}

bool holds_exec(const EventRead& permissions) {
  KernelEventWalker walker(permissions.bytes);
  KernelEvent event;
  while (walker.next(event)) {
    if (event.is_permission() && event.is_exec()) return true;
  }
  return false;
}

}  // namespace

CaptureTurns::CaptureTurns(Options options, const Sources& sources, ProcessWatch& processes,
                           Surroundings surroundings)
    : processes_(processes),
      arenas_(surroundings.arenas),
      live_(surroundings.live),
      clock_(surroundings.clock),
      beat_(std::move(surroundings.beat)),
      arena_(surroundings.arenas, surroundings.log, processes.tracker()),
      intake_({sources.permissions, sources.notifications}, arena_, surroundings.arenas,
              options.descriptor_budget, surroundings.clock),
      responder_(sources.responses, std::move(options.denial), processes.tracker()),
      own_pid_(static_cast<std::uint32_t>(::getpid())) {}

bool CaptureTurns::make_room(const std::atomic<bool>& stopping) {
  constexpr std::uint64_t kPauseNs = 100'000;
  for (;;) {
    if (arena_.obtain() && intake_.may_open_descriptors()) {
      shortage_since_ns_ = 0;
      return true;
    }
    // Descriptors come back only from arenas that the writer has: it must get this one.
    if (arena_.has_events()) arena_.publish();
    const auto now_ns = clock_.now_ns();
    if (shortage_since_ns_ == 0) shortage_since_ns_ = now_ns;
    if (now_ns - shortage_since_ns_ > kMaxThrottleNs || stopping.load(std::memory_order_acquire))
      return false;
    beat_();
    clock_.sleep(kPauseNs);
  }
}

CaptureTurns::Turn CaptureTurns::take(const Hints& hints) {
  const auto brought = intake_.read_permissions(hints.permission_queue_is_empty);
  if (!brought) return {.found = Found::kRoleGone};
  const auto& permissions = *brought;
  // Notifications of what a waiting process did precede its open: they are read before the answer, and
  // entered first, so that a file is created before it is opened.
  const auto notifications = intake_.read_notifications(waiting_events(permissions));
  if (permissions.bytes.empty() && notifications.bytes.empty()) return {};
  Turn turn{.found = Found::kEvents,
            .read_ns = permissions.bytes.empty() ? notifications.until_ns : permissions.until_ns,
            .was_late = permissions.is_late};
  processes_.tracker().begin_batch(turn.read_ns);
  // A lone permission event is the one that poll() found. To ask the connector nevertheless takes 1.5 us, 7 %
  // of what a lone opener waits (open_loop_bench).
  const bool is_lone = permissions.bytes.size() == kKernelEventBytes && notifications.bytes.empty();
  processes_.drain(!is_lone || !hints.users_are_known || permissions.is_late);
  if (!notifications.bytes.empty()) {
    enter_notifications(notifications, turn);
    if (holds_exec(permissions)) enter_all_notified_before(permissions, turn);
  }
  if (!permissions.bytes.empty()) enter_permissions(permissions, turn);
  return turn;
}

// After its exec a process is another program: all that it did before is taken before it may go on, however
// much is queued (0.5 us an event). If the queue fills faster, or no arena is free, the batch says so.
void CaptureTurns::enter_all_notified_before(const EventRead& permissions, Turn& turn) {
  const auto waiting = waiting_events(permissions);
  while (!intake_.has_notifications_until(permissions.until_ns) &&
         clock_.now_ns() - permissions.until_ns < kMaxThrottleNs) {
    if (!arena_.has_room(waiting) && !arena_.begin_another()) return;
    const auto notifications = intake_.read_notifications(waiting);
    processes_.drain();
    if (!notifications.bytes.empty()) enter_notifications(notifications, turn);
  }
}

void CaptureTurns::enter_notifications(const EventRead& read, Turn& turn) {
  arena_.begin_batch(Arena::Source::kNotificationGroup, read, turn.read_ns);
  KernelEventWalker walker(read.bytes);
  std::uint64_t seen = 0;
  while (const auto* event = enter_next(walker)) {
    if (!event->own) ++seen;
  }
  count_seen(seen);
  turn.notified += seen;
  if (walker.malformed()) ++arena_.missing().unreadable_reads;
}

void CaptureTurns::enter_permissions(const EventRead& read, Turn& turn) {
  auto& batch = arena_.begin_batch(Arena::Source::kPermissionGroup, read, turn.read_ns);
  KernelEventWalker walker(read.bytes);
  std::int64_t descriptors = 0;
  std::int64_t openers = 0;
  std::uint64_t seen = 0;
  while (auto* event = enter_next(walker)) {
    const auto& kernel = event->kernel;
    if (!event->own) ++seen;
    if (kernel.fd < 0) continue;
    ++descriptors;
    if (!kernel.is_permission()) continue;
    ++openers;
    if (event->own) {
      responder_.allow(kernel.fd);
    } else {
      event->denied = responder_.respond(kernel);
    }
  }
  if (walker.malformed()) note_unreadable();
  count_seen(seen);
  responder_.send();
  batch.answered_ns = clock_.now_ns();
  turn.openers = openers;
  arenas_.open_descriptors.fetch_add(descriptors, std::memory_order_release);
}

EventHead* CaptureTurns::enter_next(KernelEventWalker& walker) {
  auto* event = arena_.add_next(walker);
  if (event == nullptr) return nullptr;
  event->own = event->kernel.pid == own_pid_;
  if (!event->own) event->image = processes_.attribute(event->kernel);
  return event;
}

CaptureTurns::Turn CaptureTurns::drop() {
  if (!intake_.reads_permissions()) return {};
  const auto brought = intake_.read_without_arena();
  if (!brought) return {.found = Found::kRoleGone};
  if (brought->events.empty()) return {};
  const auto now_ns = clock_.now_ns();
  KernelEventWalker walker(brought->events);
  KernelEvent event;
  std::array<int, PermissionReads::kMaxEvents> descriptors;
  std::size_t count = 0;
  std::uint64_t dropped = 0;
  while (walker.next(event)) {
    if (event.fd >= 0) {
      descriptors[count++] = event.fd;
      if (event.is_permission()) responder_.allow(event.fd);
    }
    if (event.pid != own_pid_) ++dropped;
  }
  if (walker.malformed()) note_unreadable();
  responder_.send();
  for (std::size_t i = 0; i < count; ++i) ::close(descriptors[i]);
  if (dropped != 0) count_dropped(dropped, now_ns);
  return {.found = Found::kEvents};
}

void CaptureTurns::count_dropped(std::uint64_t events, std::uint64_t now_ns) {
  auto& missing = arena_.missing();
  if (missing.dropped == 0) missing.dropped_first_ns = now_ns;
  missing.dropped += events;
  missing.dropped_last_ns = now_ns;
  count_seen(events);
  add_to(live_.dropped, events);
}

void CaptureTurns::count_seen(std::uint64_t events) {
  add_to(live_.seen, events);
}

void CaptureTurns::note_unreadable() {
  ++arena_.missing().unreadable_reads;
  gave_up_ = true;
}

}  // namespace rfan::recorder
