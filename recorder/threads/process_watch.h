// The reader thread's knowledge of processes, kept up to date by the side band.
#pragma once

#include <cstdint>
#include <optional>

#include "recorder/handover/arena.h"
#include "recorder/kernel/kernel_events.h"
#include "recorder/kernel/process_events.h"
#include "recorder/processes/process_tracker.h"
#include "recorder/threads/reader_poll.h"

namespace rfan::recorder {

// Owns the side band and the tracker that it feeds. Reader thread.
class ProcessWatch {
 public:
  // `events`: nothing where there is no side band. `reads_executing`: a process may be read from /proc right
  // after a notification of its exec; without a wait in between it has no arguments yet.
  ProcessWatch(std::optional<ProcessEvents> events, ProcessTracker tracker, bool reads_executing)
      : events_(std::move(events)), tracker_(std::move(tracker)), reads_executing_(reads_executing) {}

  ProcessTracker& tracker() { return tracker_; }
  const ProcessTracker& tracker() const { return tracker_; }

  // The descriptors to poll; -1 and none without a side band.
  int connector_fd() const { return events_ ? events_->connector_fd() : -1; }
  std::span<const pollfd> rings() const;

  // Applies what the side band says. `users_changed` is false when the connector is known to say nothing.
  void drain(bool users_changed = true);
  // Returns the image that caused the event.
  ImageSerial attribute(const KernelEvent& event);
  // Reads programs that were not read yet, until an opener waits.
  void read_unread(ReaderPoll& poll);

  // Stops listening to rings that ended. What they would have reported is read from /proc from then on.
  void drop_ended_rings(ReaderPoll& poll);
  // Looks, once a second, for CPUs that came online, whose processes went unseen until now: what is known is
  // read again. Returns how many came; something may be missing of each.
  std::size_t follow_cpus(ReaderPoll& poll, std::uint64_t now_ns);

 private:
  static constexpr std::uint64_t kCpusIntervalNs = 1'000'000'000;

  std::optional<ProcessEvents> events_;
  ProcessTracker tracker_;
  bool reads_executing_;
  std::uint64_t cpus_due_ns_ = 0;  // CLOCK_MONOTONIC
};

}  // namespace rfan::recorder
