// The process side band: forks, execs, changes of user, and exits. It merges one perf ring per CPU and the
// process connector by time.
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

// Opened before the first mark. The reader thread drains it after every read() of events and before it
// attributes them, so it knows every fork and exec that came before an event. Forks and execs come from perf
// events instead of the process connector because perf events carry the path of the executable: they named
// 300 of 300 short processes, the connector 284 (measured on 6.18). Perf events do not report users; the
// connector does.
class ProcessEvents {
 public:
  // Pages of each CPU's ring, a power of two. A short process leaves about 1 KiB, mappings of its libraries
  // included, so 1 MiB holds a thousand of them between two reads.
  static constexpr std::size_t kRingPages = 256;

  // Fails without CAP_PERFMON or CAP_SYS_ADMIN, or on a kernel without perf events.
  static Result<ProcessEvents> open();
  // From now on also reports changes of users and groups.
  void add(ProcessConnector connector) { connector_.emplace(std::move(connector)); }
  ProcessEvents(ProcessEvents&&) noexcept;
  ProcessEvents& operator=(ProcessEvents&&) = delete;
  ~ProcessEvents();

  // Passes every queued record to `consume`, in order of time. `users_changed` is false if the connector is
  // known to have nothing (connector_fd()). Never blocks or allocates.
  template <typename Consume>
  void drain(bool users_changed, Consume&& consume) {
    // If the rings have records, the connector may have new ones as well.
    if ((!users_changed && rings_are_empty()) || !snapshot()) return;
    PerfRecord record;
    while (next(record)) consume(record);
    release();
  }

  // Readable when a ring is a quarter full; poll them while idle. There is one entry for each possible CPU,
  // with a negative descriptor if it has no ring.
  std::span<const pollfd> poll_fds() const { return poll_fds_; }

  // Readable when a process changed its user; -1 without a connector.
  int connector_fd() const { return connector_ ? connector_->fd() : -1; }

  // Opens rings for CPUs that came online, whose processes were invisible until now. Closes the rings of CPUs
  // that went offline, because the kernel does not revive them. Call it about every second, after drain().
  // Returns how many CPUs came; poll_fds() changes if any came or went. Opens no file.
  std::size_t follow_cpus();
  // Stops polling a ring that ended for any other reason.
  void drop(std::size_t ring);

 private:
  struct Ring;
  ProcessEvents();
  Status open_ring(std::size_t cpu);
  void close_ring(Ring& ring);
  Status open_online();
  bool rings_are_empty() const;
  bool snapshot();                // takes the ends of all rings; false if all are empty
  bool fetch_connector();         // returns whether anything came
  bool next(PerfRecord& record);  // the earliest record before those ends
  void release();                 // gives the space back to the kernel

  std::optional<OnlineCpus> online_;
  std::vector<Ring> rings_;  // by CPU
  std::vector<pollfd> poll_fds_;
  Ring* delivered_ = nullptr;  // the ring whose record next() returned last
  std::optional<ProcessConnector> connector_;
};

}  // namespace rfan::recorder
