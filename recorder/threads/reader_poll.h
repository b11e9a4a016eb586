// The descriptors that wake the reader thread, and what the last look at them said.
#pragma once

#include <poll.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "recorder/system/wake_event.h"

namespace rfan::recorder {

// Polls, in this order: the wake event, the permission group, the notification group, the process connector,
// the rings of the side band. A later descriptor is looked at after an earlier one: when poll() finds an
// event in a queue and the connector empty, no change of a user precedes that event. Reader thread.
class ReaderPoll {
 public:
  struct Descriptors {
    const WakeEvent* wake_event = nullptr;  // not owned
    int permission_group = -1;              // -1: there is none
    int notification_group = -1;
    int connector = -1;
    std::span<const pollfd> rings{};
  };
  // How many of the descriptors end a wait.
  enum class Watch : std::uint8_t {
    kAnswers,  // only those that must be answered
    kQueues,   // all but the rings: each descriptor costs 0.2 us, and there is a ring for each CPU
    kAll,
  };

  ReaderPoll() = default;
  explicit ReaderPoll(const Descriptors& descriptors);

  // Waits for at most `timeout_ms`. Returns false when nothing happened. Clears the wake event.
  bool wait(Watch watch, int timeout_ms);
  // Sleeps while only notification events come. Returns true when anything else woke it.
  bool sleep_through_notifications(std::uint64_t ns);
  // Looks at the permission group now.
  bool opener_waits();

  // Whether the last wait() found the permission group empty: a read in vain can be saved.
  bool permission_queue_is_empty() const { return permission_queue_is_empty_; }
  // Whether the last wait() found that no process had become another user, after its look at the queues.
  bool users_are_known() const { return users_are_known_; }
  // Whether the last wait() found an event in a queue.
  bool found_events() const;
  // Forgets the answers of the last wait().
  void forget();
  void forget_users() { users_are_known_ = false; }

  // Calls `drop(ring)` for each ring that ended; its descriptor is watched no more. An ended ring (its CPU
  // went away, for one) would be readable for ever.
  template <typename Drop>
  void drop_ended_rings(Drop&& drop) {
    for (std::size_t i = first_ring_; i < fds_.size(); ++i) {
      if ((fds_[i].revents & (POLLERR | POLLHUP | POLLNVAL)) == 0) continue;
      fds_[i] = {-1, 0, 0};
      drop(i - first_ring_);
    }
  }
  // Precondition: as many rings as before.
  void set_rings(std::span<const pollfd> rings);

 private:
  std::size_t watched(Watch watch) const;

  const WakeEvent* wake_event_ = nullptr;
  std::vector<pollfd> fds_;
  std::size_t permission_group_ = 0;  // index; that of the wake event where there is no group
  std::size_t connector_ = 0;         // index
  std::size_t first_ring_ = 0;        // index
  bool permission_queue_is_empty_ = false;
  bool users_are_known_ = false;
};

}  // namespace rfan::recorder
