#include "recorder/threads/reader_poll.h"

#include <algorithm>
#include <cassert>
#include <ctime>

namespace rfan::recorder {

ReaderPoll::ReaderPoll(const Descriptors& descriptors) : wake_event_(descriptors.wake_event) {
  fds_.push_back({wake_event_->fd(), POLLIN, 0});
  if (descriptors.permission_group >= 0) {
    permission_group_ = fds_.size();
    fds_.push_back({descriptors.permission_group, POLLIN, 0});
  }
  if (descriptors.notification_group >= 0) fds_.push_back({descriptors.notification_group, POLLIN, 0});
  connector_ = fds_.size();
  fds_.push_back({descriptors.connector, POLLIN, 0});
  first_ring_ = fds_.size();
  fds_.insert(fds_.end(), descriptors.rings.begin(), descriptors.rings.end());
}

std::size_t ReaderPoll::watched(Watch watch) const {
  switch (watch) {
    case Watch::kAnswers:
      return permission_group_ + 1;
    case Watch::kQueues:
      return first_ring_;
    case Watch::kAll:
      break;
  }
  return fds_.size();
}

bool ReaderPoll::wait(Watch watch, int timeout_ms) {
  const auto count = watched(watch);
  const int ready = ::poll(fds_.data(), count, timeout_ms);
  if (fds_[0].revents != 0) wake_event_->clear();
  users_are_known_ = ready >= 0 && count > connector_ && fds_[connector_].revents == 0;
  permission_queue_is_empty_ = ready >= 0 && fds_[permission_group_].revents == 0;
  return ready != 0;
}

bool ReaderPoll::sleep_through_notifications(std::uint64_t ns) {
  const timespec pause{0, static_cast<long>(ns)};
  if (::ppoll(fds_.data(), watched(Watch::kAnswers), &pause, nullptr) == 0) return false;
  if (fds_[0].revents != 0) wake_event_->clear();
  permission_queue_is_empty_ = false;
  return true;
}

bool ReaderPoll::opener_waits() {
  return permission_group_ != 0 && ::poll(&fds_[permission_group_], 1, 0) > 0;
}

bool ReaderPoll::found_events() const {
  return std::any_of(fds_.begin() + 1, fds_.begin() + static_cast<std::ptrdiff_t>(connector_),
                     [](const pollfd& queue) { return queue.revents != 0; });
}

void ReaderPoll::forget() {
  permission_queue_is_empty_ = users_are_known_ = false;
}

void ReaderPoll::set_rings(std::span<const pollfd> rings) {
  assert(rings.size() == fds_.size() - first_ring_);
  std::copy(rings.begin(), rings.end(), fds_.begin() + static_cast<std::ptrdiff_t>(first_ring_));
}

}  // namespace rfan::recorder
