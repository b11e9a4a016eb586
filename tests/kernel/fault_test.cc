// Faults of the machine and of its operator: openers continue, the recorder reports the fault, and the trace
// is readable. README.md has the whole matrix and names the tests of rows that are not here.
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <optional>

#include "tests/kernel/fixture/canary.h"
#include "tests/kernel/fixture/control_group.h"
#include "tests/kernel/fixture/filesystems.h"
#include "tests/kernel/fixture/kernel_fixture.h"

namespace rfan::kernel_test {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

// More than the flush interval of 250 ms.
constexpr milliseconds kUntilFlushed{1000};

// The canary opens from before the start of the recorder until after its end.
class FaultTest : public KernelTest {
 protected:
  void SetUp() override {
    KernelTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    create(file("first"));
    create(file("canary"));
    canary_.emplace(file("canary"), scratch().file("count"));
  }
  void TearDown() override {
    canary_.reset();
    KernelTest::TearDown();
  }

  const Canary& canary() const { return *canary_; }
  bool canary_is_alive() const { return canary_->alive() && canary_->refused() == 0; }
  // Opens the file "first" and waits until the event is written.
  void open_first() {
    in_child([&] { open_and_close(file("first")); });
    std::this_thread::sleep_for(kUntilFlushed);
  }
  // Expects that rfanreplay ends with `status` and shows the open of "first" by a known program.
  void expect_first_in(const std::string& trace, int status) const {
    const auto replayed = replay(trace);
    EXPECT_EQ(replayed.status, status) << replayed.messages;
    const auto events = replayed.of_path(file("first"));
    EXPECT_EQ(events.size(), 2U) << "an open and a close";
    for (const auto& event : events) EXPECT_FALSE(event.exe.empty());
  }
  // Returns a shell command that runs `before` in a private mount namespace and becomes `rfanrec -o OUTPUT
  // TMPFS`.
  std::vector<std::string> rfanrec_after(const std::string& before, const std::string& output) const {
    return {"unshare", "--mount", "sh", "-c",
            before + "; exec " + RFANREC_PATH + " -o " + output + " " + root()};
  }

 private:
  std::optional<Canary> canary_;
};

void expect_said(const Outcome& outcome, const std::string& words) {
  EXPECT_NE(outcome.err.find(words), std::string::npos) << outcome.err;
}

constexpr auto kInADeletedDirectory = "d=$(mktemp -d); cd $d; rmdir $d";

struct RefusedStart {
  const char* name;
  const char* before;  // shell command that causes the fault
  const char* output;
  const char* message;
};

class RefusedStartTest : public FaultTest, public ::testing::WithParamInterface<RefusedStart> {};

TEST_P(RefusedStartTest, SaysWhyAndHoldsNobody) {
  const auto outcome = run(rfanrec_after(GetParam().before, GetParam().output));
  EXPECT_EQ(outcome.status, 1);
  expect_said(outcome, GetParam().message);
  EXPECT_TRUE(canary_is_alive());
}

INSTANTIATE_TEST_SUITE_P(
    Faults, RefusedStartTest,
    ::testing::Values(RefusedStart{"FewDescriptors", "ulimit -n 64", "/dev/null", "raise it: ulimit -Hn"},
                      RefusedStart{"NoProc", "umount -l /proc", "/dev/null", "rfanrec needs proc"},
                      RefusedStart{"FullDevice", ":", "/dev/full", "'/dev/full': No space left on device"},
                      RefusedStart{"DeletedDirectory", kInADeletedDirectory, "here.fbz",
                                   "give another place with -o FILE"}),
    [](const auto& fault) { return fault.param.name; });

struct HarmlessFault {
  const char* name;
  const char* before;
};

class HarmlessFaultTest : public FaultTest, public ::testing::WithParamInterface<HarmlessFault> {};

TEST_P(HarmlessFaultTest, EverythingIsRecorded) {
  ChildProcess recording(rfanrec_after(GetParam().before, trace()));
  ASSERT_TRUE(recording.wait_for_stderr_line("rfanrec: recording")) << recording.err();
  open_first();
  EXPECT_TRUE(canary_is_alive());
  recording.send(SIGINT);
  const auto outcome = recording.wait();
  EXPECT_EQ(outcome.status, 0);
  expect_said(outcome, "nothing lost");
  EXPECT_TRUE(canary_is_alive());
  expect_first_in(trace(), 0);
}

INSTANTIATE_TEST_SUITE_P(Faults, HarmlessFaultTest,
                         ::testing::Values(HarmlessFault{"HiddenProcesses",
                                                         "mount -t proc -o hidepid=2 proc /proc"},
                                           HarmlessFault{"DeletedDirectory", kInADeletedDirectory}),
                         [](const auto& fault) { return fault.param.name; });

// Lets no file of `process` become larger than `file` is now plus `bytes`.
void limit_growth(pid_t process, const std::string& file, std::uintmax_t bytes) {
  const rlimit limit{fs::file_size(file) + bytes, RLIM_INFINITY};
  ASSERT_EQ(::prlimit(process, RLIMIT_FSIZE, &limit, nullptr), 0) << std::strerror(errno);
}

TEST_F(FaultTest, AFileThatMayNotGrowEndsTheRecordingReadable) {
  constexpr std::size_t kFiles = 10'000;
  constexpr std::uintmax_t kLeftBytes = 8 << 10;
  prepare_storm(kFiles);
  const auto recording = record();
  open_first();
  ASSERT_NO_FATAL_FAILURE(limit_growth(recording->pid(), trace(), kLeftBytes));
  storm({"files", std::to_string(kFiles)});
  const auto outcome = recording->wait();  // it ends by itself
  EXPECT_EQ(outcome.status, 1);
  expect_said(outcome, "File too large; the trace is readable up to there");
  expect_said(outcome, " LOST");
  EXPECT_TRUE(canary_is_alive());
  expect_first_in(trace(), 3);
}

// Makes every access below `directory` fail with EIO from now on, as if the device were pulled. Returns 0 or
// errno.
int shut_down(const std::string& directory) {
  constexpr unsigned long kShutdown = _IOR('X', 125, std::uint32_t);  // EXT4_IOC_SHUTDOWN
  std::uint32_t flags = 0;                                            // keeps data written before
  const int fd = ::open(directory.c_str(), O_RDONLY | O_CLOEXEC);
  const int error = ::ioctl(fd, kShutdown, &flags) == 0 ? 0 : errno;
  ::close(fd);
  return error;
}

TEST_F(FaultTest, ADeviceThatFailsEndsTheRecordingReadable) {
  LoopFilesystem device("ext4");
  if (!device.why_not().empty()) GTEST_SKIP() << device.why_not();
  const auto output = device.file("trace.fbz");
  Recording recording({"-o", output, root()});
  ASSERT_TRUE(recording.begun()) << recording.err();
  open_first();
  ASSERT_EQ(shut_down(device.path()), 0);
  in_child([&] { open_and_close(file("first")); });
  EXPECT_TRUE(canary_is_alive());
  const auto outcome = recording.wait();  // it ends by itself
  EXPECT_EQ(outcome.status, 1);
  expect_said(outcome, "Input/output error; the trace is readable up to there");
  EXPECT_TRUE(canary_is_alive());
  // Nothing there is readable until it is mounted anew.
  ASSERT_EQ(device.unmount().status, 0);
  device.mount({"-o", "loop", device.image()});
  ASSERT_EQ(device.why_not(), "");
  expect_first_in(output, 3);
}

// An open may be refused here. The reader thread needs memory for the descriptor of the file. If the kernel
// has none, it refuses the open, right before the reader dies for the same reason.
TEST_F(FaultTest, ARecorderThatTheMemoryLimitKillsLeavesAReadableFile) {
  constexpr std::size_t kFiles = 40'000;
  constexpr std::uint64_t kMore = 256 << 10;
  const MemoryGroup group;
  if (!group.why_not().empty()) GTEST_SKIP() << group.why_not();
  prepare_storm(kFiles);
  ChildProcess recording(rfanrec_after("echo $$ > " + group.members(), trace()));
  ASSERT_TRUE(recording.wait_for_stderr_line("rfanrec: recording")) << recording.err();
  open_first();
  group.limit_to_use_and(kMore);
  const auto opener = run({OPEN_STORM_PATH, "processes", "8", "50000", std::to_string(kFiles), root()});
  if (opener.status != 0) std::cout << opener.err;
  EXPECT_EQ(recording.wait().status, 128 + SIGKILL);
  EXPECT_TRUE(canary().alive());
  expect_first_in(trace(), 3);
}

TEST_F(FaultTest, RecorderAndGuardianKilledAtOnceLeaveAReadableFile) {
  const auto recording = record();
  const pid_t guardian = recording->guardian();
  open_first();
  ::kill(guardian, SIGKILL);
  EXPECT_EQ(recording->stop(SIGKILL).status, 128 + SIGKILL);
  EXPECT_TRUE(canary_is_alive());
  expect_first_in(trace(), 3);
}

TEST_F(FaultTest, TwoRecordersOfOneFilesystemBothRecordEverything) {
  const auto other_trace = scratch().file("other.fbz");
  const auto one = record();
  Recording other({"-o", other_trace, root()});
  ASSERT_TRUE(other.begun()) << other.err();
  open_first();
  EXPECT_TRUE(canary_is_alive());
  EXPECT_EQ(one->stop().status, 0) << one->err();
  EXPECT_TRUE(canary_is_alive()) << "the other one still answers";
  EXPECT_EQ(other.stop().status, 0) << other.err();
  EXPECT_TRUE(canary_is_alive());
  expect_first_in(trace(), 0);
  expect_first_in(other_trace, 0);
}

TEST_F(FaultTest, ASecondRecorderIntoOneFileIsRefused) {
  const auto one = record();
  open_first();
  const auto second = run({RFANREC_PATH, "-o", trace(), root()});
  EXPECT_EQ(second.status, 1);
  expect_said(second, "another recording is writing");
  EXPECT_TRUE(canary_is_alive());
  EXPECT_EQ(one->stop().status, 0) << one->err();
  expect_first_in(trace(), 0);
}

// Two requests at once, equal or different, as timeout(1), a shell and its user send them.
constexpr std::array<std::array<int, 2>, 3> kDoubleSignals{
    {{SIGINT, SIGINT}, {SIGTERM, SIGINT}, {SIGHUP, SIGTERM}}};

// Expects a whole trace if the recorder ended by itself, otherwise one that is readable up to its last flush.
void expect_readable(const std::string& trace, const Outcome& outcome) {
  EXPECT_EQ(replay(trace).status, outcome.status == 0 ? 0 : 3) << outcome.status << "\n" << outcome.err;
}

TEST_F(FaultTest, DoubleSignalsAtTheStartLeaveNothingOrATrace) {
  for (int round = 0; round < 30; ++round) {
    const auto [first, second] = kDoubleSignals[static_cast<std::size_t>(round) % kDoubleSignals.size()];
    Recording recording({"-o", trace(), root()});
    std::this_thread::sleep_for(milliseconds(2 * round));
    recording.send(first);
    const auto outcome = recording.stop(second);
    EXPECT_TRUE(outcome.status == 0 || outcome.status == 128 + first || outcome.status == 128 + second)
        << outcome.status << "\n"
        << outcome.err;
    EXPECT_TRUE(canary_is_alive());
    if (fs::exists(trace())) expect_readable(trace(), outcome);
    EXPECT_FALSE(fs::exists(trace() + ".new")) << "round " << round << ", status " << outcome.status;
    fs::remove(trace());
  }
}

TEST_F(FaultTest, DoubleSignalsAtTheEndLeaveATrace) {
  constexpr std::size_t kFiles = 10'000;
  prepare_storm(kFiles);
  for (const auto& [first, second] : kDoubleSignals) {
    const auto recording = record();
    open_first();
    ChildProcess opener({OPEN_STORM_PATH, "processes", "8", "10000", std::to_string(kFiles), root()});
    std::this_thread::sleep_for(milliseconds(200));
    recording->send(first);
    const auto outcome = recording->stop(second);
    EXPECT_TRUE(outcome.status == 0 || outcome.status == 128 + second) << outcome.status << "\n"
                                                                       << outcome.err;
    EXPECT_TRUE(canary_is_alive());
    EXPECT_EQ(opener.wait().status, 0) << "nobody is refused";
    expect_first_in(trace(), outcome.status == 0 ? 0 : 3);
  }
}

}  // namespace
}  // namespace rfan::kernel_test
