// The reader thread's way past a read() that blocks: another thread takes its place.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>

#include "format/base/error.h"
#include "recorder/kernel/event_source.h"
#include "recorder/kernel/kernel_events.h"
#include "recorder/system/clock.h"
#include "recorder/system/wake_event.h"

namespace rfan::recorder {

// The events of one read() of the permission group, or its errno. Valid until the next call of read() or
// take_late().
struct PermissionBytes {
  std::span<const std::byte> events{};
  int error = 0;
};

// Where the reader's loop gets permission events from.
class PermissionReads {
 public:
  static constexpr std::size_t kMaxEvents = 1024;  // of one read()

  virtual ~PermissionReads() = default;
  // For the thread that has the reader's role. Returns nothing when another one has it by now. `now_ns`:
  // CLOCK_MONOTONIC.
  virtual std::optional<PermissionBytes> read(std::size_t max_events, std::uint64_t now_ns) = 0;
  // Returns what blocked threads have brought, or nothing.
  virtual std::optional<PermissionBytes> take_late(std::size_t max_events) = 0;
  // Returns how many threads are blocked, or have brought events that were not taken.
  virtual int blocked() const = 0;
};

// The kernel opens the file of a held event for us within read(), and waits there for whom that concerns: the
// holder of a lease on the file (45 s, fs.lease-break-time), a file server that does not answer. Any user can
// hold a lease on a file of his own, and every opener of the machine would wait with the reader.
//
// So the role of the reader is passed on. One thread has it and runs the loop. A spare thread looks, every
// tick, whether that one stands in the same read() as before; if so, it runs the loop from the beginning, and
// a new spare looks after it. Another thread's read() goes on beside the one that blocks, because the kernel
// takes an event off the queue before it opens the file (fanotify_read(), 6.18). Events that the blocked
// read() has brought already, or brings later, are handed over. Its thread ends with it. What is still
// blocked at the end of the recording is left behind: the kernel refuses those openers when the process ends.
class ReadRelay final : public PermissionReads {
 public:
  // Beyond so many threads that are blocked at a time the guardian decides.
  static constexpr int kMaxBlocked = 1000;

  // Called by several threads at a time, by blocked ones also after stop(): it owns what it reads from.
  using Read = EventSource::Read;

  // `loop` is run by one thread at a time, which sees all that the one before it wrote. It returns when the
  // recording ends, or at once and without touching anything when read() says that the role is gone.
  ReadRelay(std::chrono::milliseconds tick, std::function<void()> loop);
  ~ReadRelay() override;  // stop()

  Status open();            // makes wake_event()
  Status start(Read read);  // after open(); without a Read nothing is read and no role is taken
  // Returns when the loop has ended for good. Threads that are still blocked own all they touch from then on.
  void stop();

  // For the loop to poll and to clear.
  const WakeEvent& wake_event() const;

  // For the thread that has the role, within `loop`.
  std::optional<PermissionBytes> read(std::size_t max_events, std::uint64_t now_ns) override;
  // wake_event() tells that there is something.
  std::optional<PermissionBytes> take_late(std::size_t max_events) override;
  int blocked() const override;

  // When the read() began from whose thread the role was taken (CLOCK_MONOTONIC); once.
  std::optional<std::uint64_t> take_blocked_since();

  // After stop(): of all threads that had the role and are not blocked.
  CpuTime cpu_time() const;

 private:
  class State;
  std::shared_ptr<State> state_;
};

}  // namespace rfan::recorder
