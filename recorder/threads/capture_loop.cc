#include "recorder/threads/capture_loop.h"

#include <pthread.h>

#include <algorithm>
#include <utility>

#include "recorder/system/thread_priority.h"

namespace rfan::recorder {

using Found = CaptureTurns::Found;

CaptureLoop::CaptureLoop(Options options, const Groups& groups, std::optional<ProcessEvents> events,
                         ProcessTracker tracker, const Surroundings& surroundings)
    : cpu_(options.cpu),
      gathers_(options.gathers),
      failure_event_(*options.failure_event),
      groups_(groups),
      guardian_(surroundings.guardian),
      processes_(std::move(events), std::move(tracker), options.gathers),
      relay_(std::min(guardian_.beat_interval(), kMaxRelayTick), [this] { run(); }),
      turns_(std::move(options.turns),
             {groups.permissions == nullptr ? nullptr : &relay_, groups.permissions, groups.notifications},
             processes_,
             {surroundings.arenas, surroundings.log, surroundings.live, Clock::real(),
              [this] { guardian_.beat(); }}),
      arenas_(surroundings.arenas) {}

CaptureLoop::~CaptureLoop() {
  stop();
}

Status CaptureLoop::start() {
  if (auto status = relay_.open(); !status) return status;
  const auto fd_of = [](const EventSource* group) { return group == nullptr ? -1 : group->fd(); };
  poll_ = ReaderPoll({.wake_event = &relay_.wake_event(),
                      .permission_group = fd_of(groups_.permissions),
                      .notification_group = fd_of(groups_.notifications),
                      .connector = processes_.connector_fd(),
                      .rings = processes_.rings()});
  if (groups_.permissions == nullptr) return relay_.start({});
  auto read = groups_.permissions->shared_read();
  return read ? relay_.start(std::move(*read)) : read.error();
}

void CaptureLoop::stop() {
  stopping_.store(true, std::memory_order_release);
  relay_.wake_event().wake();
  relay_.stop();
}

void CaptureLoop::run() {
  constexpr std::uint64_t kLingerNs = 20'000'000;  // three looks of the relay's spare thread
  ::pthread_setname_np(::pthread_self(), "rfan-reader");
  set_reader_priority(storm_.is_storm() ? ReaderPriority::kStorm : ReaderPriority::kRealTime);
  pin_to_cpu(cpu_);
  if (const auto since_ns = relay_.take_blocked_since())
    turns_.intake().note_stall({*since_ns, monotonic_ns()});
  poll_.forget();
  guardian_.arm();
  bool lingered = false;
  for (;;) {
    guardian_.beat();
    // Loaded before the look at the queues. The marks are gone before stop() is called, so an empty queue
    // stays empty, except for an open in flight; closing the groups, which comes next, releases it.
    const bool last_look = stopping_.load(std::memory_order_acquire);
    if (last_look) poll_.forget();
    const auto found = turn();
    if (found == Found::kRoleGone) return;
    if (found == Found::kNothing && last_look) {
      if (relay_.blocked() == 0 || lingered) break;
      // Until it is known what the blocked reads have brought.
      lingered = true;
      Clock::real().sleep(kLingerNs);
      continue;
    }
    wait();
  }
  guardian_.disarm();
  // The kernel will refuse their openers.
  turns_.arena().missing().failed_reads += static_cast<std::uint64_t>(relay_.blocked());
  processes_.drain();
  turns_.arena().publish();
}

Found CaptureLoop::turn() {
  const CaptureTurns::Hints hints{.permission_queue_is_empty = poll_.permission_queue_is_empty(),
                                  .users_are_known = poll_.users_are_known()};
  const bool has_room = turns_.make_room(stopping_);
  const auto turn = has_room ? turns_.take(hints) : turns_.drop();
  if (turn.found == Found::kRoleGone) return turn.found;
  if (turns_.gave_up() && !gave_up_.exchange(true, std::memory_order_acq_rel)) failure_event_.wake();
  if (turn.openers) follow_storm(*turn.openers, turn.read_ns);
  gathering_.add(turn.notified);
  was_late_ = turn.was_late;
  if (has_room && turn.found == Found::kEvents) processes_.read_unread(poll_);
  return turn.found;
}

void CaptureLoop::follow_storm(std::int64_t openers, std::uint64_t now_ns) {
  if (!storm_.add(openers, now_ns)) return;
  set_reader_priority(storm_.is_storm() ? ReaderPriority::kStorm : ReaderPriority::kRealTime);
}

// Sleeps to let notification events gather. Returns true if anything else woke the thread.
bool CaptureLoop::gather() {
  const auto pause_ns = gathers_ ? gathering_.next_pause_ns() : 0;
  if (pause_ns == 0) return false;
  turns_.intake().allow_idle(pause_ns);
  return poll_.sleep_through_notifications(pause_ns);
}

void CaptureLoop::wait() {
  // A writer that is behind gets full arenas: there are fewer of them than of small ones.
  if (arenas_.writer_is_abreast() && turns_.arena().is_due(monotonic_ns())) turns_.arena().publish();
  poll_.forget_users();
  if (was_late_ || gather()) return;
  sleep_until_more();
}

// Returns at once when there is something to read: cheaper than to read in vain from both groups.
void CaptureLoop::sleep_until_more() {
  constexpr int kRetryMs = 2;
  // How often an arena with events is checked (ArenaFiller::is_due()).
  constexpr int kMaxArenaAgeMs = static_cast<int>(ArenaFiller::kMaxAgeNs / 1'000'000);
  const bool shortage = turns_.is_short_of_room();
  const bool has_events = turns_.arena().has_events();
  const int timeout_ms = shortage     ? kRetryMs
                         : has_events ? kMaxArenaAgeMs
                                      : static_cast<int>(guardian_.beat_interval().count());
  // Without room only what must be answered matters. A ring need not wake us where the next look is so near.
  const auto watch = shortage     ? ReaderPoll::Watch::kAnswers
                     : has_events ? ReaderPoll::Watch::kQueues
                                  : ReaderPoll::Watch::kAll;
  turns_.intake().allow_idle(static_cast<std::uint64_t>(timeout_ms) * 1'000'000);
  if (!poll_.wait(watch, timeout_ms)) follow_storm(0, monotonic_ns());
  processes_.drop_ended_rings(poll_);
  // Else the turn does, once it has read the events.
  if (shortage || !poll_.found_events()) processes_.drain();
  turns_.arena().missing().unwatched_cpus += processes_.follow_cpus(poll_, monotonic_ns());
}

}  // namespace rfan::recorder
