// The scope of a recording: filters at record time, a running process, filesystems mounted later.
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <map>
#include <thread>

#include "tests/kernel/fixture/kernel_fixture.h"

namespace rfan::kernel_test {
namespace {

using Story = std::vector<std::string>;

TEST_F(KernelTest, OnlyFilesThatThePathFilterAcceptsAreRecorded) {
  for (const auto* name : {"a.h", "a.c", "b.h"}) create(file(name));
  const auto recording = record({"--path", "*.h", "--path", "!b.h"});
  in_child([&] {
    for (const auto* name : {"a.h", "a.c", "b.h"}) open_and_close(file(name));
  });
  EXPECT_EQ(story(stop_and_replay(*recording).events, root()), (Story{"open a.h", "close_nowrite a.h"}));
}

TEST_F(KernelTest, OnlyProcessesThatTheExeFilterAcceptsAreRecorded) {
  create(file("a"));
  const auto recording = record({"--exe", "cat"});
  in_child([&] {
    if (::system(("cat " + file("a") + " > /dev/null; head -c1 " + file("a") + " > /dev/null").c_str()) != 0)
      ::abort();
  });
  const auto events = stop_and_replay(*recording).events;
  EXPECT_EQ(story(events, root()), (Story{"open a", "close_nowrite a"}));
  for (const auto& event : events) EXPECT_TRUE(event.exe.ends_with("/cat")) << event.exe;
}

TEST_F(KernelTest, ARunningProcessIsRecordedWithItsDescendantsAndEndsTheRecording) {
  create(file("mine"));
  create(file("other"));
  std::array<int, 2> go{};
  ASSERT_EQ(::pipe2(go.data(), O_CLOEXEC), 0);
  const pid_t pid = ::fork();
  if (pid == 0) {
    char byte = 0;
    if (::read(go[0], &byte, 1) != 1) ::_exit(1);
    ::_exit(::system(("cat " + file("mine") + " > /dev/null").c_str()));
  }
  const auto recording = record({"--pid", std::to_string(pid)});
  in_child([&] { open_and_close(file("other")); });
  ASSERT_EQ(::write(go[1], "1", 1), 1);
  ASSERT_EQ(::waitpid(pid, nullptr, 0), pid);
  EXPECT_EQ(recording->wait().status, 0) << recording->err();
  EXPECT_EQ(story(replay(trace()).events, root()), (Story{"open mine", "close_nowrite mine"}));
  ::close(go[0]);
  ::close(go[1]);
}

TEST_F(KernelTest, OfAThreadTheProcessIsNamed) {
  pid_t thread = 0;
  std::jthread other([&](const std::stop_token& stop) {
    std::atomic_ref(thread).store(::gettid());
    while (!stop.stop_requested()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  });
  while (std::atomic_ref(thread).load() == 0) std::this_thread::yield();
  const auto outcome = run({RFANREC_PATH, "-o", trace(), "--pid", std::to_string(thread), root()});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_NE(outcome.err.find("give --pid " + std::to_string(::getpid())), std::string::npos) << outcome.err;
}

TEST_F(KernelTest, AFilesystemMountedLaterIsRecordedToo) {
  // --pid alone records every filesystem of this mount namespace, but writes only this process to the trace.
  const std::string point = scratch().file("late");
  ASSERT_EQ(::mkdir(point.c_str(), 0700), 0);
  Recording recording({"-o", trace(), "--pid", std::to_string(::getpid()), "--path", point + "/**"});
  ASSERT_TRUE(recording.begun()) << recording.err();
  ASSERT_EQ(::mount("none", point.c_str(), "tmpfs", 0, "size=1m"), 0);
  std::this_thread::sleep_for(
      std::chrono::milliseconds(500));  // the recorder is told of the mount, then marks it
  in_child([&] { create(point + "/a"); });
  const auto outcome = recording.stop();
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(story(replay(trace()).events, point), (Story{"create a", "open a", "close_write a"}));
  ::umount2(point.c_str(), MNT_DETACH);
}

// The gap before a mark is recorded as a loss, even if nothing happened in it. Without a gap there is no
// loss.
class GapTest : public KernelTest {
 protected:
  // Records every filesystem of this mount namespace while `command` runs. Returns the losses.
  std::map<std::string, std::uint64_t> losses_of(const std::string& command) {
    const auto outcome =
        Recording({"-o", trace(), "--path", scratch().file("**"), "--", "sh", "-ec", command}).wait();
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    said_lost_ = outcome.err.find(" LOST") != std::string::npos;
    return figures_of(trace()).lost;
  }
  bool said_lost_ = false;
  std::string point() const { return scratch().file("point"); }
  void SetUp() override {
    KernelTest::SetUp();
    if (!IsSkipped()) ::mkdir(point().c_str(), 0700);
  }
  void TearDown() override {
    if (!IsSkipped()) ::umount2(point().c_str(), MNT_DETACH);
    KernelTest::TearDown();
  }
};

constexpr auto kUnmarked = "unmarked_filesystem";

TEST_F(GapTest, WhatTheCommandMountsHasAGapThatIsSaid) {
  const auto script = "mount -t tmpfs none " + point() + "; for k in 1 2 3 4 5 6 7 8 9; do echo > " +
                      point() + "/$k; done; umount -l " + point();
  for (int round = 0; round < 5; ++round) {
    EXPECT_TRUE(losses_of(script).contains(kUnmarked));
    EXPECT_TRUE(said_lost_);
    EXPECT_EQ(replay(trace()).status, 3);
  }
}

TEST_F(GapTest, WhatIsMountedAnewHasItsGapAgain) {
  ASSERT_EQ(::mount("none", point().c_str(), "tmpfs", 0, "size=1m"), 0);
  EXPECT_TRUE(losses_of("umount " + point() + "; mount -t tmpfs none " + point() + "; sleep 0.3")
                  .contains(kUnmarked));
}

TEST_F(GapTest, AnotherMountOfAMarkedFilesystemHasNoGap) {
  EXPECT_EQ(losses_of("mount --bind " + root() + " " + point() + "; sleep 0.3; umount -l " + point())
                .count(kUnmarked),
            0U);
}

TEST_F(GapTest, WhatWasMountedBeforeHasNoGap) {
  ASSERT_EQ(::mount("none", point().c_str(), "tmpfs", 0, "size=1m"), 0);
  EXPECT_EQ(losses_of("sleep 0.3").count(kUnmarked), 0U);
}

TEST_F(GapTest, WhatIsNotRecordedAtAllHasNoGap) {
  EXPECT_EQ(losses_of("mount -t proc none " + point() + "; sleep 0.3").count(kUnmarked), 0U);
}

TEST_F(KernelTest, CoverageSaysWhatWouldBeRecorded) {
  ChildProcess held({RFANREC_PATH, "--coverage", root()});
  const auto outcome = held.wait();
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_NE(outcome.out.find(root()), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("held"), std::string::npos) << outcome.out;
}

}  // namespace
}  // namespace rfan::kernel_test
