#include "recorder/system/user_signals.h"

#include <sys/signalfd.h>
#include <unistd.h>

#include <atomic>

#include "recorder/system/clock.h"
#include "recorder/system/inherited_signals.h"

namespace rfan::recorder {

namespace {

// timeout(1) signals its child, then its own process group with the child in it. A real second request comes
// later.
constexpr std::uint64_t kSameRequestNs = 1'000'000'000;

std::atomic<std::uint64_t> g_asked_to_end_ns = 0;                // CLOCK_MONOTONIC; 0: not asked
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);  // for the signal handler

extern "C" void ask_again(int number) {
  const auto now_ns = monotonic_ns();
  std::uint64_t asked_ns = 0;
  if (g_asked_to_end_ns.compare_exchange_strong(asked_ns, now_ns)) return;
  if (now_ns - asked_ns > kSameRequestNs) ::_exit(128 + number);
}

}  // namespace

Status UserSignals::open() {
  ::sigemptyset(&ending_);
  for (const int number : kEnding) {
    if (!InheritedSignals::ignores(number)) ::sigaddset(&ending_, number);
  }
  sigset_t received = ending_;
  ::sigaddset(&received, kChild);
  if (!InheritedSignals::ignores(kRotation)) ::sigaddset(&received, kRotation);
  ::pthread_sigmask(SIG_BLOCK, &received, nullptr);
  fd_.reset(::signalfd(-1, &received, SFD_CLOEXEC | SFD_NONBLOCK));
  return fd_ ? Status() : errno_error("cannot receive signals");
}

std::optional<UserSignals::Request> UserSignals::take() {
  signalfd_siginfo info{};
  while (::read(fd_.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
    const Request request{static_cast<int>(info.ssi_signo), info.ssi_code == SI_KERNEL};
    if (!is_repeated(request)) return request;
  }
  return {};
}

bool UserSignals::is_repeated(const Request& request) {
  if (request.number == kRotation || request.number == kChild) return false;
  const auto now_ns = monotonic_ns();
  if (last_ == request.number && now_ns - last_ns_ <= kSameRequestNs && !request.from_terminal) return true;
  last_ = request.number;
  last_ns_ = now_ns;
  return false;
}

void UserSignals::end_at_second_request() const {
  g_asked_to_end_ns = last_ns_;
  for (const int number : kEnding) {
    if (::sigismember(&ending_, number) == 1) ::signal(number, &ask_again);
  }
  ::pthread_sigmask(SIG_UNBLOCK, &ending_, nullptr);
}

}  // namespace rfan::recorder
