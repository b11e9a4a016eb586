// The dead man's switch: a small process that kills a recorder which no longer answers.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <cstdint>

#include "format/base/error.h"
#include "format/base/unique_fd.h"

namespace rfan::recorder {

// The kernel lets every waiting opener go when the group's last descriptor is closed, and a killed process
// closes it. So whatever stops the reader thread (SIGSTOP, a debugger, starvation, a bug) ends, for the
// openers, at the stall bound.
//
// start() forks the guardian before there is a group: it holds no copy of it, opens nothing, allocates
// nothing and keeps its few pages locked. It ends with the recorder. A child, not the parent as first
// designed: the shell then waits for the recorder itself, and signals and exit status need no forwarding.
class Guardian {
 public:
  static Result<Guardian> start(std::chrono::milliseconds max_stall);
  Guardian(Guardian&& other) noexcept;
  Guardian& operator=(Guardian&&) = delete;
  ~Guardian();  // ends the guardian

  // Readable when the guardian has ended, which nobody asked it to: from then on nothing frees the openers.
  int pidfd() const { return pidfd_.get(); }

  // Reader thread, at least every beat_interval(): "I am turning".
  void beat() { shared_->beats.store(++beats_, std::memory_order_relaxed); }
  std::chrono::milliseconds beat_interval() const { return beat_interval_; }

  // The watch begins: set-up may take as long as it likes.
  void arm() { shared_->armed.store(true, std::memory_order_relaxed); }
  // The reader owes nothing any more: what follows may take as long as it likes again.
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
