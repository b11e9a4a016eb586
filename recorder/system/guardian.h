// The dead man's switch: a small process that kills a recorder that no longer answers.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <cstdint>

#include "format/base/error.h"
#include "format/base/unique_fd.h"

namespace rfan::recorder {

// Bounds the time for which a stalled reader thread (SIGSTOP, a debugger, starvation, a bug) holds its
// openers. The guardian kills the recorder after max_stall without a beat. A killed process closes its
// descriptors, and the kernel releases every waiting opener when the last descriptor of the group is closed.
//
// start() forks the guardian before the group exists, so the guardian has no copy of it. The guardian opens
// nothing, allocates nothing, keeps its few pages locked and ends with the recorder. The first design made
// the guardian the parent; as a child it leaves the recorder to the shell, which then waits for the recorder
// itself, and neither signals nor the exit status need forwarding.
class Guardian {
 public:
  static Result<Guardian> start(std::chrono::milliseconds max_stall);
  Guardian(Guardian&& other) noexcept;
  Guardian& operator=(Guardian&&) = delete;
  ~Guardian();  // ends the guardian

  // Readable when the guardian has ended, which is always unexpected: from then on nothing releases the
  // openers.
  int pidfd() const { return pidfd_.get(); }

  // Reports that the reader thread is running. The reader thread calls it at least every beat_interval().
  void beat() { shared_->beats.store(++beats_, std::memory_order_relaxed); }
  std::chrono::milliseconds beat_interval() const { return beat_interval_; }

  // Starts the watch. Set-up before it may take any time.
  void arm() { shared_->armed.store(true, std::memory_order_relaxed); }
  // Ends the watch, once the reader has answered everything. The rest may take any time.
  void disarm() { shared_->armed.store(false, std::memory_order_relaxed); }

 private:
  // Shared with the guardian process.
  struct Shared {
    std::atomic<std::uint64_t> beats = 0;
    std::atomic<bool> armed = false;
  };
  static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

  Guardian(Shared* shared, std::chrono::milliseconds beat_interval)
      : shared_(shared), beat_interval_(beat_interval) {}
  [[noreturn]] static void watch(const Shared& shared, int recorder, std::chrono::milliseconds tick);

  Shared* shared_;
  std::uint64_t beats_ = 0;  // reader thread
  std::chrono::milliseconds beat_interval_;
  pid_t pid_ = -1;
  UniqueFd pidfd_;
};

}  // namespace rfan::recorder
