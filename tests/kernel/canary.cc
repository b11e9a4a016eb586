#include "tests/kernel/canary.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <iostream>
#include <new>
#include <stdexcept>
#include <thread>

#include "tests/kernel/child_process.h"

namespace rfan::kernel_test {
namespace {

std::int64_t now_ns() {
  return std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1);
}

void* map_shared(const std::string& path, std::size_t size) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0 || ::ftruncate(fd, static_cast<off_t>(size)) != 0)
    throw std::runtime_error("cannot write " + path);
  void* memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  ::close(fd);
  if (memory == MAP_FAILED) throw std::runtime_error("cannot map " + path);
  return memory;
}

}  // namespace

Canary::Canary(const std::string& recorded_file, const std::string& progress_file)
    : progress_(new (map_shared(progress_file, sizeof(Progress))) Progress{}) {
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ == 0) keep_opening(recorded_file, parent);
  if (pid_ < 0) throw std::runtime_error("fork failed");
}

Canary::~Canary() {
  std::cout << "[  CANARY  ] longest wait " << longest_wait().count() << " ms, " << refused() << " refused\n";
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  ::munmap(progress_, sizeof(Progress));
}

bool Canary::alive() const {
  const auto before = progress_->rounds.load();
  for (const auto deadline = std::chrono::steady_clock::now() + kPatience;
       std::chrono::steady_clock::now() < deadline;) {
    if (progress_->rounds.load() != before) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return false;
}

std::chrono::milliseconds Canary::longest_wait() const {
  const auto since = progress_->waiting_since.load();
  const auto current = since == 0 ? 0 : now_ns() - since;
  return std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::nanoseconds(std::max(progress_->longest.load(), current)));
}

// Runs in a fork of the test and uses only system calls, because other threads may have held locks.
void Canary::keep_opening(const std::string& path, pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(1);
  ::close_range(STDERR_FILENO + 1, ~0U, 0);  // a pipe of the test must end when the test closes it
  for (;;) {
    const auto began = now_ns();
    progress_->waiting_since = began;
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    progress_->longest = std::max(progress_->longest.load(), now_ns() - began);
    progress_->waiting_since = 0;
    ++(fd < 0 ? progress_->refused : progress_->rounds);
    ::close(fd);
    ::usleep(5000);
  }
}

}  // namespace rfan::kernel_test
