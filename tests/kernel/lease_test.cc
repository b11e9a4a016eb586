// Leases: the kernel opens each held file for the recorder. If another process has a lease on the file, the
// kernel waits until the holder gives way, for up to fs.lease-break-time (45 s).
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <deque>
#include <filesystem>

#include "tests/kernel/fixture/canary.h"
#include "tests/kernel/fixture/kernel_fixture.h"

namespace rfan::kernel_test {
namespace {

// A process that holds a write lease on a file, like a file server or an attacker. If `gives_way`, it
// releases the lease on request (SIGIO); otherwise it never does.
class LeaseHolder {
 public:
  LeaseHolder(const std::string& path, bool gives_way) {
    std::array<int, 2> ready{};
    if (::pipe(ready.data()) != 0) return;
    pid_ = ::fork();
    if (pid_ == 0) hold(path, gives_way, ready[1]);
    char byte = 0;
    holds_ = ::read(ready[0], &byte, 1) == 1 && byte == 'y';
    ::close(ready[0]);
    ::close(ready[1]);
  }
  ~LeaseHolder() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  LeaseHolder(const LeaseHolder&) = delete;
  LeaseHolder& operator=(const LeaseHolder&) = delete;
  bool holds() const { return holds_; }

 private:
  [[noreturn]] static void hold(const std::string& path, bool gives_way, int ready) {
    sigset_t told;
    ::sigemptyset(&told);
    ::sigaddset(&told, SIGIO);
    ::sigprocmask(SIG_BLOCK, &told, nullptr);
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    const char answer = ::fcntl(fd, F_SETLEASE, F_WRLCK) == 0 ? 'y' : 'n';
    if (::write(ready, &answer, 1) != 1) ::_exit(1);
    int number = 0;
    ::sigwait(&told, &number);
    if (gives_way) ::fcntl(fd, F_SETLEASE, F_UNLCK);
    for (;;) ::pause();
  }

  pid_t pid_ = -1;
  bool holds_ = false;
};

TEST_F(KernelTest, ALeaseIsBrokenForTheOpenerNotByARefusal) {
  create(file("leased"));
  const LeaseHolder holder(file("leased"), true);
  if (!holder.holds()) GTEST_SKIP() << "KERNEL TEST SKIPPED: no leases on this filesystem";
  const auto recording = record();
  const auto pid = in_child([&] { open_and_close(file("leased")); });
  EXPECT_EQ(story(stop_and_replay(*recording).of_process(pid), root()),
            (std::vector<std::string>{"open leased", "close_nowrite leased"}));
}

// Any user can hold leases on his own files.
class LeaseTest : public KernelTest, public ::testing::WithParamInterface<std::string> {
 protected:
  void SetUp() override {
    KernelTest::SetUp();
    if (IsSkipped() || HasFailure()) return;
    std::filesystem::copy_file("/bin/true", file("other"));
    for (int i = 0; i < kLeases; ++i) {
      std::filesystem::copy_file("/bin/true", leased(i));
      if (!holders_.emplace_back(leased(i), false).holds())
        GTEST_SKIP() << "KERNEL TEST SKIPPED: no leases on this filesystem";
    }
  }
  std::unique_ptr<Recording> record_with_openers() {
    // A reader that waited for the leases would be killed.
    auto recording = record({"--hold", GetParam(), "--max-stall", "10s"});
    for (int i = 0; i < kLeases; ++i) openers_.emplace_back(std::vector{leased(i)});
    return recording;
  }
  // Runs a program kOthers times; the exec of each process must be answered.
  void execute_others() {
    for (std::size_t i = 0; i < kOthers; ++i) EXPECT_EQ(run({file("other")}).status, 0);
  }
  std::string leased(int i) const { return file("leased" + std::to_string(i)); }

  static constexpr int kLeases = 8;
  static constexpr std::size_t kOthers = 20;
  std::deque<LeaseHolder> holders_;
  std::deque<ChildProcess> openers_;
};

INSTANTIATE_TEST_SUITE_P(Hold, LeaseTest, ::testing::Values("open", "exec"),
                         [](const auto& held) { return held.param; });

TEST_P(LeaseTest, ThatIsNotGivenUpHoldsNobodyElseUp) {
  const auto recording = record_with_openers();
  execute_others();
  holders_.clear();
  for (auto& opener : openers_) EXPECT_EQ(opener.wait().status, 0) << "refused, or killed";
  const auto replayed = stop_and_replay(*recording);
  EXPECT_GE(replayed.of_path(file("other")).size(), kOthers);
  for (int i = 0; i < kLeases; ++i) EXPECT_FALSE(replayed.of_path(leased(i)).empty()) << i;
  EXPECT_NE(run({RFANREPLAY_PATH, "info", trace()}).out.find("stood still"), std::string::npos);
  expect_all_accounted_for();
}

TEST_P(LeaseTest, ThatIsNotGivenUpDoesNotDelayTheEnd) {
  const auto begin = std::chrono::steady_clock::now();
  const auto recording = record_with_openers();
  execute_others();
  EXPECT_EQ(recording->stop().status, 0);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(40)) << "it waited for the leases";
  EXPECT_EQ(replay(trace()).status, 3) << "whom the kernel will refuse is counted";
}

}  // namespace
}  // namespace rfan::kernel_test
