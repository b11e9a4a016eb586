#include "recorder/threads/process_watch.h"

namespace rfan::recorder {

std::span<const pollfd> ProcessWatch::rings() const {
  return events_ ? events_->poll_fds() : std::span<const pollfd>();
}

void ProcessWatch::drain(bool users_changed) {
  if (!events_) return;
  events_->drain(users_changed, [this](const PerfRecord& record) { tracker_.apply(record); });
}

ImageSerial ProcessWatch::attribute(const KernelEvent& event) {
  if (event.is_permission()) return tracker_.attribute_permission(event.pid, event.is_exec());
  return tracker_.attribute_notification(event.pid, reads_executing_ || !event.is_exec());
}

void ProcessWatch::read_unread(ReaderPoll& poll) {
  while (tracker_.has_unread() && !poll.opener_waits()) tracker_.read_later([this] { drain(); });
}

void ProcessWatch::drop_ended_rings(ReaderPoll& poll) {
  poll.drop_ended_rings([this](std::size_t ring) {
    events_->drop(ring);
    tracker_.do_without_side_band();
  });
}

std::size_t ProcessWatch::follow_cpus(ReaderPoll& poll, std::uint64_t now_ns) {
  if (!events_ || now_ns < cpus_due_ns_) return 0;
  cpus_due_ns_ = now_ns + kCpusIntervalNs;
  drain();
  const auto came = events_->follow_cpus();
  if (came != 0) tracker_.invalidate();
  poll.set_rings(rings());
  return came;
}

}  // namespace rfan::recorder
