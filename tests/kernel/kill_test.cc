// A killed recorder leaves everything older than the flush interval.
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <new>
#include <random>
#include <thread>

#include "tests/kernel/fixture/kernel_fixture.h"

namespace rfan::kernel_test {
namespace {

using std::chrono::milliseconds;

// A child that opens one file again and again and counts, until this object is destroyed.
class Storm {
 public:
  explicit Storm(const std::string& path)
      : memory_(::mmap(nullptr, sizeof(Count), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)),
        count_(new (memory_) Count(0)),
        pid_(::fork()) {
    if (pid_ != 0) return;
    for (;;) {
      open_and_close(path);
      count_->fetch_add(1);
    }
  }
  ~Storm() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    ::munmap(memory_, sizeof(Count));
  }
  Storm(const Storm&) = delete;
  Storm& operator=(const Storm&) = delete;

  std::size_t opens() const { return count_->load(); }

 private:
  using Count = std::atomic<std::size_t>;
  void* memory_;
  Count* count_;
  pid_t pid_;
};

// Allows for the interval of 250 ms and a writer that waits for its CPU.
constexpr milliseconds kOld{250 + 750};

TEST_F(KernelTest, AKilledRecorderLosesNothingOlderThanTheFlushInterval) {
  create(file("a"));
  std::mt19937 random(20'261'122);
  std::uniform_int_distribution<int> moment_ms(0, 250);
  for (int round = 0; round < 20; ++round) {
    const auto recording = record();
    const Storm storm(file("a"));
    std::this_thread::sleep_for(milliseconds(moment_ms(random)));
    const auto old_opens = storm.opens();
    std::this_thread::sleep_for(kOld);
    recording->stop(SIGKILL);
    const auto replayed = replay(trace(), {"--kind", "open"});
    EXPECT_GE(replayed.events.size(), old_opens) << "round " << round;
    EXPECT_LE(replayed.events.size(), storm.opens()) << "round " << round << ": an event that never happened";
    EXPECT_EQ(replayed.status, 3) << "it must say that the end is missing";
  }
}

}  // namespace
}  // namespace rfan::kernel_test
