// Gets the reader thread past a blocking read(): another thread takes over its role.
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

// The events of one read() of the permission group, or its errno. Valid until the next read() or take_late().
struct PermissionBytes {
  std::span<const std::byte> events{};
  int error = 0;
};

// The source of permission events for the reader's loop.
class PermissionReads {
 public:
  static constexpr std::size_t kMaxEvents = 1024;  // of one read()

  virtual ~PermissionReads() = default;
  // For the thread that has the reader's role. Returns nothing if another thread has the role by now.
  // `now_ns`: CLOCK_MONOTONIC.
  virtual std::optional<PermissionBytes> read(std::size_t max_events, std::uint64_t now_ns) = 0;
  // Returns events of a blocked thread, or nothing: those that its read() has already, and later the rest;
  // then the thread ends.
  virtual std::optional<PermissionBytes> take_late(std::size_t max_events) = 0;
  // Returns how many threads are blocked or have returned events that nobody took yet.
  virtual int blocked() const = 0;
};

// Within read() the kernel opens the file of each permission event for us. That open may wait for a third
// party: the holder of a lease on the file (45 s, fs.lease-break-time), or a file server that does not
// answer. Any user can hold a lease on a file of his own, and every opener on the machine would wait with the
// reader.
//
// So the role of the reader moves between threads. One thread has it and runs the loop. At every tick a spare
// thread checks whether the reader is still in the same read(). If so, the spare takes the role and runs the
// loop from the beginning, and a new spare watches it. Its read() proceeds beside the blocked one because the
// kernel takes an event off the queue before it opens the file (fanotify_read(), 6.18).
class ReadRelay final : public PermissionReads {
 public:
  // With more threads blocked at a time than this, the role stays where it is and the guardian decides.
  static constexpr int kMaxBlocked = 1000;

  // Several threads call it at a time, and blocked ones may be in it even after stop(), so it must own its
  // source.
  using Read = EventSource::Read;

  // One thread at a time runs `loop`, and sees all writes of the one before it. `loop` returns when the
  // recording ends. It also returns, at once and without touching anything, when read() reports that the role
  // is gone.
  ReadRelay(std::chrono::milliseconds tick, std::function<void()> loop);
  ~ReadRelay() override;  // calls stop()

  Status open();            // creates wake_event()
  Status start(Read read);  // after open(); without a Read nothing is read and the role stays
  // Returns when the loop has ended for good. From then on, threads that are still blocked own all they
  // touch. They are abandoned: the kernel denies their openers when the process ends.
  void stop();

  // The loop polls and clears it.
  const WakeEvent& wake_event() const;

  // For the thread that has the role, within `loop`.
  std::optional<PermissionBytes> read(std::size_t max_events, std::uint64_t now_ns) override;
  // wake_event() signals that there are some.
  std::optional<PermissionBytes> take_late(std::size_t max_events) override;
  int blocked() const override;

  // Returns, once, the start (CLOCK_MONOTONIC) of the blocked read() whose thread lost the role.
  std::optional<std::uint64_t> take_blocked_since();

  // After stop(): CPU time of all threads that had the role and are not blocked.
  CpuTime cpu_time() const;

 private:
  class State;
  std::shared_ptr<State> state_;
};

}  // namespace rfan::recorder
