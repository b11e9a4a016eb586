#include "recorder/system/guardian.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <new>
#include <utility>

#include "recorder/system/inherited_signals.h"

namespace rfan::recorder {

namespace {

// The guardian counts its own turns instead of reading a clock: while a machine is suspended or a virtual
// machine is paused, recorder and guardian both stand still.
constexpr int kTicksPerStall = 8;

void become_unstoppable() {
  ::prctl(PR_SET_NAME, "rfan-guardian");
  ::setsid();  // beyond the terminal and signals to the recorder's process group
  ::mlockall(MCL_CURRENT);
  sched_param priority{};
  priority.sched_priority = 2;  // above the reader thread; best effort
  ::sched_setscheduler(0, SCHED_FIFO, &priority);
}

}  // namespace

Result<Guardian> Guardian::start(std::chrono::milliseconds max_stall) {
  void* memory = ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return errno_error("cannot share memory with the guardian process");
  const auto tick = max_stall / kTicksPerStall;
  Guardian guardian(new (memory) Shared, tick);
  const UniqueFd recorder(static_cast<int>(::syscall(SYS_pidfd_open, ::getpid(), 0)));
  if (!recorder) return errno_error("cannot watch the recorder process");
  // Block before the fork: on a busy machine a signal may arrive before the guardian's first instruction.
  const auto signals = block_all_signals();
  guardian.pid_ = ::fork();
  if (guardian.pid_ == 0) watch(*guardian.shared_, recorder.get(), tick);
  ::pthread_sigmask(SIG_SETMASK, &signals, nullptr);  // leaves errno alone
  if (guardian.pid_ < 0) return errno_error("cannot start the guardian process");
  guardian.pidfd_.reset(static_cast<int>(::syscall(SYS_pidfd_open, guardian.pid_, 0)));
  if (!guardian.pidfd_) return errno_error("cannot watch the guardian process");
  return guardian;
}

void Guardian::watch(const Shared& shared, int recorder, std::chrono::milliseconds tick) {
  become_unstoppable();
  std::uint64_t last_beats = 0;
  int silent_ticks = 0;
  pollfd ended{recorder, POLLIN, 0};
  while (::poll(&ended, 1, static_cast<int>(tick.count())) <= 0) {
    const auto beats = shared.beats.load(std::memory_order_relaxed);
    const bool silent = beats == last_beats && shared.armed.load(std::memory_order_relaxed);
    silent_ticks = silent ? silent_ticks + 1 : 0;
    last_beats = beats;
    if (silent_ticks < kTicksPerStall) continue;
    ::syscall(SYS_pidfd_send_signal, recorder, SIGKILL, nullptr, 0);
    // The openers are free from here on, so a blocking terminal harms nobody.
    constexpr char kText[] =
        "rfanrec: the recorder did not answer in time and was killed, so that no program hangs; "
        "the trace is readable up to its last flush (see --max-stall)\n";
    [[maybe_unused]] const auto written = ::write(STDERR_FILENO, kText, sizeof kText - 1);
    break;
  }
  ::_exit(0);
}

Guardian::Guardian(Guardian&& other) noexcept
    : shared_(std::exchange(other.shared_, nullptr)),
      beat_interval_(other.beat_interval_),
      pid_(std::exchange(other.pid_, -1)),
      pidfd_(std::move(other.pidfd_)) {}

Guardian::~Guardian() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  if (shared_ != nullptr) ::munmap(shared_, sizeof(Shared));
}

}  // namespace rfan::recorder
