// The process side band: which process forked, ran a program, became another user, ended. One perf ring per
// CPU and the process connector, merged by time.
#pragma once

#include <poll.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "format/base/error.h"
#include "format/base/unique_fd.h"
#include "recorder/kernel/perf_records.h"
#include "recorder/kernel/process_connector.h"
#include "recorder/system/online_cpus.h"

namespace rfan::recorder {

// Opened before the first mark; drained by the reader thread after every read() of events and before they are
// attributed, so that every fork and exec that came before an event is known when the event is looked at.
// Perf events tell of forks and execs rather than the process connector because they carry the path of the
// executable: 300 of 300 short processes named against 284 (measured on 6.18). They do not tell of users.
class ProcessEvents {
 public:
  // Pages of each CPU's ring, a power of two. A short process leaves about 1 KiB (mappings of its libraries
  // included), so 1 MiB holds a thousand of them between two reads.
  static constexpr std::size_t kRingPages = 256;

  // Fails without CAP_PERFMON or CAP_SYS_ADMIN, or on a kernel without perf events.
  static Result<ProcessEvents> open();
  // From now on users and groups are told of, too.
  void add(ProcessConnector connector) { connector_.emplace(std::move(connector)); }
  ProcessEvents(ProcessEvents&&) noexcept;
  ProcessEvents& operator=(ProcessEvents&&) = delete;
  ~ProcessEvents();

  // Hands every record that is there to `consume`, in order of time. `users_changed` is false when the
  // connector is known to have told nothing (connector_fd()). Never blocks or allocates.
  template <typename Consume>
  void drain(bool users_changed, Consume&& consume) {
    // Together with what came in the rings there may be a change of users since.
    if ((!users_changed && rings_are_empty()) || !snapshot()) return;
    PerfRecord record;
    while (next(record)) consume(record);
    release();
  }

  // Readable when a ring is a quarter full: to be polled while idle. One for each CPU there can be, with a
  // negative descriptor where it has no ring.
  std::span<const pollfd> poll_fds() const { return poll_fds_; }

  // Readable when a process became another user; -1 where nobody tells.
  int connector_fd() const { return connector_ ? connector_->fd() : -1; }

  // To be called every second or so, after drain(): opens rings for CPUs that came online, whose processes
  // went unseen meanwhile, and drops those of CPUs that went (the kernel does not revive them). Returns how
  // many came; poll_fds() has changed if any did or went. Opens no file.
  std::size_t follow_cpus();
  // The ring ended for another reason: not to be polled any more.
  void drop(std::size_t ring);

 private:
  struct Ring;
  ProcessEvents();
  Status open_ring(std::size_t cpu);
  void close_ring(Ring& ring);
  Status open_online();
  bool rings_are_empty() const;
  bool snapshot();                // takes the ends of all rings; false when all are empty
  bool fetch_connector();         // whether anything came
  bool next(PerfRecord& record);  // the earliest record before those ends
  void release();                 // gives the space back to the kernel

  std::optional<OnlineCpus> online_;
  std::vector<Ring> rings_;  // by CPU
  std::vector<pollfd> poll_fds_;
  Ring* delivered_ = nullptr;  // whose record next() returned last
  std::optional<ProcessConnector> connector_;
};

}  // namespace rfan::recorder
