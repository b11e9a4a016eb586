// What belongs to a recording: filters at record time, a running process, filesystems mounted later.
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <thread>

#include "tests/kernel/kernel_fixture.h"

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
  // --pid alone: every filesystem of this mount namespace, but only this process is written to the trace.
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

TEST_F(KernelTest, CoverageSaysWhatWouldBeRecorded) {
  ChildProcess held({RFANREC_PATH, "--coverage", root()});
  const auto outcome = held.wait();
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_NE(outcome.out.find(root()), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("held"), std::string::npos) << outcome.out;
}

}  // namespace
}  // namespace rfan::kernel_test
