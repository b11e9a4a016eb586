#include "recorder/user_signals.h"

#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <atomic>

#include "recorder/clock.h"

namespace rfan::recorder {

namespace {

constexpr std::array<int, 4> kEnding{SIGINT, SIGTERM, SIGHUP, SIGQUIT};

// timeout(1) signals its child, then its own group with the child in it: a second request comes later.
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
  ::sigemptyset(&handled_);
  for (const int number : kEnding) ::sigaddset(&handled_, number);
  ::sigaddset(&handled_, kRotation);
  ::pthread_sigmask(SIG_BLOCK, &handled_, nullptr);
  // Then write() says what is wrong.
  for (const int number : {SIGPIPE, SIGXFSZ}) ::signal(number, SIG_IGN);
  // A stopped recorder would hold every opener.
  for (const int number : {SIGTSTP, SIGTTIN, SIGTTOU}) ::signal(number, SIG_IGN);
  fd_.reset(::signalfd(-1, &handled_, SFD_CLOEXEC | SFD_NONBLOCK));
  return fd_ ? Status() : errno_error("cannot receive signals");
}

std::optional<UserSignals::Request> UserSignals::take() {
  signalfd_siginfo info{};
  if (::read(fd_.get(), &info, sizeof info) != static_cast<ssize_t>(sizeof info)) return {};
  const Request request{static_cast<int>(info.ssi_signo), info.ssi_code == SI_KERNEL};
  if (request.number == kRotation) return request;
  const auto now_ns = monotonic_ns();
  const bool repeated =
      last_ == request.number && now_ns - last_ns_ <= kSameRequestNs && !request.from_terminal;
  if (repeated) return {};
  last_ = request.number;
  last_ns_ = now_ns;
  return request;
}

void UserSignals::end_at_second_request() const {
  g_asked_to_end_ns = last_ns_;
  for (const int number : kEnding) ::signal(number, &ask_again);
  ::signal(kRotation, SIG_IGN);
  ::pthread_sigmask(SIG_UNBLOCK, &handled_, nullptr);
}

}  // namespace rfan::recorder
