// A recorder in a private pid namespace, and processes of which /proc shows little.
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <thread>

#include "tests/kernel/fixture/kernel_fixture.h"

namespace rfan::kernel_test {
namespace {

bool contains(const std::string& text, const std::string& words) {
  return text.find(words) != text.npos;
}

TEST_F(KernelTest, AnotherPidNamespacesProcIsRefused) {
  const auto outcome = run({"unshare", "--pid", "--fork", "--kill-child", RFANREC_PATH, "-o", trace(),
                            "--duration", "1s", root()});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_TRUE(contains(outcome.err, "another pid namespace")) << outcome.err;
}

// A process outside of the namespace opens files as well.
TEST_F(KernelTest, APidNamespaceOfItsOwnIsSaidAndRecordedWithoutTheProcessesOutside) {
  create(file("a"));
  const auto script = std::string(RFANREC_PATH) + " -o " + trace() + " " + root() +
                      " & recorder=$!; while kill -0 $recorder && ! [ -s " + trace() +
                      " ]; do sleep 0.02; done; : > " + scratch().file("begun") + "; while ! [ -e " +
                      scratch().file("opened") +
                      " ]; do sleep 0.02; done; kill -TERM $recorder; wait $recorder";
  ChildProcess inside(
      {"unshare", "--pid", "--mount", "--fork", "--mount-proc", "--kill-child", "sh", "-c", script});
  while (::access(scratch().file("begun").c_str(), F_OK) != 0 && !inside.ended()) ::usleep(1000);
  in_child([&] { open_and_close(file("a")); });
  write_file(scratch().file("opened"), "");
  const auto outcome = inside.wait();
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_TRUE(contains(outcome.err, "runs in a pid namespace")) << outcome.err;
  EXPECT_TRUE(contains(run({RFANREPLAY_PATH, "info", trace()}).out, "in a pid namespace"));
  const auto events = replay(trace()).of_path(file("a"));
  EXPECT_FALSE(events.empty());
  for (const auto& event : events) EXPECT_EQ(event.exe, "");
}

TEST_F(KernelTest, ACommandInAPidNamespaceLosesNothingToTheProcessesOutside) {
  create(file("a"));
  ChildProcess inside({"unshare", "--pid", "--mount", "--fork", "--mount-proc", "--kill-child", RFANREC_PATH,
                       "-o", trace(), root(), "--", "sh", "-c",
                       ": > " + scratch().file("begun") + "; while ! [ -e " + scratch().file("opened") +
                           " ]; do sleep 0.02; done; read x < " + file("a")});
  while (::access(scratch().file("begun").c_str(), F_OK) != 0 && !inside.ended()) ::usleep(1000);
  in_child([&] { open_and_close(file("a")); });
  write_file(scratch().file("opened"), "");
  const auto outcome = inside.wait();
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const auto replayed = replay(trace());
  EXPECT_EQ(replayed.status, 0) << replayed.messages;
  EXPECT_EQ(replayed.of_kind("open").size(), 1U);
}

// Forks a process whose first thread ends. Another thread opens `path` `delay` after a byte came through the
// pipe.
pid_t fork_without_first_thread(int go, const std::string& path, std::chrono::milliseconds delay) {
  const pid_t pid = ::fork();
  if (pid != 0) return pid;
  std::thread([=] {
    char byte = 0;
    if (::read(go, &byte, 1) != 1) ::_exit(1);
    std::this_thread::sleep_for(delay);
    open_and_close(path);
    ::_exit(0);
  }).detach();
  ::syscall(SYS_exit, 0);  // ends this thread only
  return 0;
}

void expect_no_executable_in_proc(pid_t pid) {
  std::array<char, 4096> exe;
  const auto link = "/proc/" + std::to_string(pid) + "/exe";
  while (::readlink(link.c_str(), exe.data(), exe.size()) > 0) ::usleep(1000);
}

TEST_F(KernelTest, AProcessWhoseFirstThreadEndedHasItsExecutable) {
  create(file("a"));
  for (const std::string hold : {"open", "exec", "none"}) {
    std::array<int, 2> go{};
    ASSERT_EQ(::pipe(go.data()), 0);
    const auto pid = fork_without_first_thread(go[0], file("a"), {});
    expect_no_executable_in_proc(pid);
    const auto recording = record({"--hold", hold});
    ASSERT_EQ(::write(go[1], "1", 1), 1);
    int status = -1;
    ::waitpid(pid, &status, 0);
    EXPECT_EQ(status, 0);
    const auto events = stop_and_replay(*recording).of_process(pid);
    EXPECT_FALSE(events.empty());
    for (const auto& event : events) {
      EXPECT_EQ(event.exe, std::filesystem::canonical("/proc/self/exe").string());
      EXPECT_FALSE(event.cmdline.empty());
    }
    for (const int end : go) ::close(end);
  }
}

// The open comes after the time in which events are still attributed to an ended process.
TEST_F(KernelTest, AProcessWhoseFirstThreadEndsWhileRecordedKeepsItsExecutable) {
  create(file("a"));
  std::array<int, 2> go{};
  ASSERT_EQ(::pipe(go.data()), 0);
  const auto recording = record();
  const auto pid = fork_without_first_thread(go[0], file("a"), std::chrono::milliseconds(2500));
  ASSERT_EQ(::write(go[1], "1", 1), 1);
  ::waitpid(pid, nullptr, 0);
  const auto events = stop_and_replay(*recording).of_process(pid);
  EXPECT_FALSE(events.empty());
  for (const auto& event : events)
    EXPECT_EQ(event.exe, std::filesystem::canonical("/proc/self/exe").string());
  for (const int end : go) ::close(end);
}

}  // namespace
}  // namespace rfan::kernel_test
