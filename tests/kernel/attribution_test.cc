// Every event has the right process, executable and command line, however short the process lives.
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <thread>

#include "tests/kernel/fixture/kernel_fixture.h"

namespace rfan::kernel_test {
namespace {

using Words = std::vector<std::string>;

std::string canonical(const std::string& path) {
  return std::filesystem::canonical(path).string();
}

TEST_F(KernelTest, ThousandsOfShortProcessesAreAllKnown) {
  constexpr std::size_t kProcesses = 3000;
  for (std::size_t i = 1; i <= kProcesses; ++i) create(file("f" + std::to_string(i)));
  const auto cat = canonical("/bin/cat");
  const auto recording = record();
  const auto opener = run({"sh", "-c", "seq 3000 | xargs -P8 -I{} cat " + root() + "/f{}"});
  ASSERT_EQ(opener.status, 0) << opener.err;
  const auto replayed = stop_and_replay(*recording);
  const auto opens = replayed.of_kind("open");
  EXPECT_EQ(opens.size(), kProcesses);
  std::set<pid_t> pids;
  std::set<std::string> paths;
  for (const auto& event : opens) {
    pids.insert(event.pid);
    paths.insert(event.path);
    EXPECT_EQ(event.exe, cat);
    EXPECT_EQ(event.comm, "cat");
    EXPECT_EQ(event.cmdline, (Words{"cat", event.path}));
  }
  EXPECT_EQ(pids.size(), kProcesses);
  EXPECT_EQ(paths.size(), kProcesses);
  for (const auto& event : replayed.of_kind("close_nowrite")) EXPECT_EQ(event.exe, cat);
}

TEST_F(KernelTest, AForkWithoutExecHasItsOwnPidAndItsParentsExecutable) {
  create(file("a"));
  int pipe_ends[2];
  ASSERT_EQ(::pipe(pipe_ends), 0);
  const auto recording = record();
  const auto parent = in_child([&] {
    open_and_close(file("a"));
    const pid_t child = ::fork();
    if (child == 0) {
      open_and_close(file("a"));
      ::_exit(0);
    }
    if (::write(pipe_ends[1], &child, sizeof child) != sizeof child) ::_exit(1);
    ::waitpid(child, nullptr, 0);
  });
  pid_t child = 0;
  ASSERT_EQ(::read(pipe_ends[0], &child, sizeof child), static_cast<ssize_t>(sizeof child));
  ::close(pipe_ends[0]);
  ::close(pipe_ends[1]);
  const auto replayed = stop_and_replay(*recording);
  EXPECT_EQ(replayed.of_process(parent).size(), 2U);
  const auto events = replayed.of_process(child);
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].ppid, parent);
  EXPECT_EQ(events[0].exe, canonical("/proc/self/exe"));
  EXPECT_EQ(events[0].cmdline, replayed.of_process(parent)[0].cmdline);
}

TEST_F(KernelTest, ManyForksWithoutExecAreAllKnown) {
  constexpr std::size_t kForks = 500;
  create(file("a"));
  const auto recording = record();
  std::set<pid_t> children;
  for (std::size_t i = 0; i < kForks; ++i) children.insert(in_child([&] { open_and_close(file("a")); }));
  std::set<pid_t> recorded;
  for (const auto& event : stop_and_replay(*recording).of_kind("open")) {
    recorded.insert(event.pid);
    EXPECT_EQ(event.ppid, ::getpid());
    EXPECT_EQ(event.exe, canonical("/proc/self/exe"));
  }
  EXPECT_EQ(recorded, children);
}

TEST_F(KernelTest, AnExecOfTheSameProgramHasItsOwnCommandLine) {
  create(file("one"));
  create(file("two"));
  const auto second = "read x < " + file("two");
  const auto first = "read x < " + file("one") + "; exec sh -c '" + second + "' second";
  const auto recording = record();
  const auto pid = in_child([&] { ::execl("/bin/sh", "sh", "-c", first.c_str(), nullptr); });
  const auto replayed = stop_and_replay(*recording);
  ASSERT_EQ(replayed.of_process(pid).size(), replayed.events.size());
  const auto one = replayed.of_path(file("one"));
  const auto two = replayed.of_path(file("two"));
  ASSERT_FALSE(one.empty());
  ASSERT_FALSE(two.empty());
  EXPECT_EQ(one[0].cmdline, (Words{"sh", "-c", first}));
  EXPECT_EQ(two[0].cmdline, (Words{"sh", "-c", second, "second"}));
  EXPECT_EQ(two[0].exe, canonical("/bin/sh"));
}

TEST_F(KernelTest, AScriptRunsUnderTheNameOfItsShell) {
  create(file("data"));
  write_file(scratch().file("script"), "#!/bin/sh\nread x < " + file("data") + "\n");
  std::filesystem::permissions(scratch().file("script"), std::filesystem::perms::owner_all);
  const auto recording = record();
  in_child([&] { ::execl(scratch().file("script").c_str(), "anything", "argument", nullptr); });
  const auto events = stop_and_replay(*recording).of_path(file("data"));
  ASSERT_FALSE(events.empty());
  EXPECT_EQ(events[0].exe, canonical("/bin/sh"));
  EXPECT_EQ(events[0].comm, "script");
  EXPECT_EQ(events[0].cmdline, (Words{"/bin/sh", scratch().file("script"), "argument"}));
}

TEST_F(KernelTest, AThreadsOpenBelongsToItsProcess) {
  create(file("a"));
  const auto recording = record();
  const auto pid = in_child([&] { std::thread([&] { open_and_close(file("a")); }).join(); });
  EXPECT_EQ(stop_and_replay(*recording).of_process(pid).size(), 2U);
}

TEST_F(KernelTest, TheUserIsTheOneWhoOpened) {
  create(file("a"));
  const auto recording = record();
  LaunchOptions nobody;
  nobody.as_nobody = true;
  EXPECT_EQ(run({"cat", file("a")}, nobody).status, 0);
  for (const auto& event : stop_and_replay(*recording).events) EXPECT_EQ(event.uid, 65534);
}

TEST_F(KernelTest, TheUserOfAnExecIsTheOneWhoExecuted) {
  std::filesystem::copy_file("/bin/true", file("program"));
  create(file("before"));
  for (const std::string hold : {"open", "exec"}) {
    const auto recording = record({"--hold", hold});
    const auto pid = in_child([&] {
      open_and_close(file("before"));
      if (::setresuid(65534, 65534, 65534) == 0) ::execl(file("program").c_str(), "program", nullptr);
    });
    const auto events = stop_and_replay(*recording).of_process(pid);
    EXPECT_FALSE(events.empty());
    for (const auto& event : events) {
      if (event.uncertain) continue;
      EXPECT_EQ(event.uid, event.path == file("before") ? 0 : 65534) << event.kind << " with held " << hold;
    }
  }
}

TEST_F(KernelTest, AProcessOlderThanTheRecordingIsKnown) {
  create(file("a"));
  ChildProcess older(
      {"sh", "-c",
       "while ! [ -e " + scratch().file("go") + " ]; do sleep 0.02; done; read x < " + file("a")});
  const auto recording = record();
  const auto pid = older.pid();
  write_file(scratch().file("go"), "");
  EXPECT_EQ(older.wait().status, 0);
  const auto events = stop_and_replay(*recording).of_process(pid);
  ASSERT_FALSE(events.empty());
  EXPECT_EQ(events[0].exe, canonical("/bin/sh"));
  EXPECT_EQ(events[0].ppid, ::getpid());
}

// A process that is killed while its exec waits for the answer is read from /proc after it has lost its
// memory.
TEST_F(KernelTest, AProcessKilledInItsExecIsKnown) {
  constexpr int kProcesses = 400;
  std::filesystem::copy_file("/bin/true", file("program"));
  const auto recording = record();
  for (int i = 0; i < kProcesses; ++i) {
    const pid_t pid = ::fork();
    if (pid == 0) {
      ::execl(file("program").c_str(), "program", nullptr);
      ::_exit(1);
    }
    ::usleep(static_cast<useconds_t>(i % 100 * 10));
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
  }
  const auto replayed = stop_and_replay(*recording);
  EXPECT_FALSE(replayed.events.empty());
  for (const auto& event : replayed.events) {
    EXPECT_FALSE(event.exe.empty()) << event.kind << " by " << event.comm;
    // A process killed right after the exec has lost its new arguments with its memory.
    const bool is_known = event.comm == "program" || !event.cmdline.empty();
    EXPECT_TRUE(is_known) << event.kind << " by " << event.comm;
  }
}

// Takes the last CPU from the whole machine for a moment, so it runs only on request.
TEST_F(KernelTest, ACpuThatComesOnlineIsCoveredAndTheGapIsCounted) {
  if (std::getenv("RFAN_TEST_CPU_HOTPLUG") == nullptr) GTEST_SKIP() << "RFAN_TEST_CPU_HOTPLUG is not set";
  const auto last = ::sysconf(_SC_NPROCESSORS_CONF) - 1;
  const auto control = "/sys/devices/system/cpu/cpu" + std::to_string(last) + "/online";
  if (last == 0 || ::access(control.c_str(), W_OK) != 0) GTEST_SKIP() << "no CPU can be taken offline";
  write_file(control, "0");
  const auto recording = record({"--hold", "none"});
  write_file(control, "1");
  ASSERT_EQ(read_file(control), "1\n");
  std::this_thread::sleep_for(std::chrono::milliseconds(2500));
  constexpr int kProcesses = 200;
  const auto loop =
      "for i in $(seq " + std::to_string(kProcesses) + "); do /bin/true > " + file("f") + "$i; done";
  ASSERT_EQ(run({"taskset", "-c", std::to_string(last), "sh", "-c", loop}).status, 0);
  EXPECT_EQ(recording->stop().status, 0);
  const auto figures = figures_of(trace());
  EXPECT_EQ(figures.status, 3) << "the gap is a loss";
  EXPECT_EQ(figures.with_exe, figures.written);
  EXPECT_GE(figures.written, static_cast<std::uint64_t>(kProcesses));
}

// In a private pid namespace, where the next pid can be chosen: two programs take turns under the same pid,
// each after the other has ended.
TEST_F(KernelTest, APidThatComesAgainIsAnotherProgram) {
  create(file("read-by-cat"));
  create(file("read-by-head"));
  const auto script = std::string(RFANREC_PATH) + " -o " + trace() + " " + root() + " & recorder=$!; " +
                      "while ! [ -s " + trace() + " ]; do sleep 0.02; done; " +
                      "for i in $(seq 50); do echo 500 > /proc/sys/kernel/ns_last_pid; cat " +
                      file("read-by-cat") + "; echo 500 > /proc/sys/kernel/ns_last_pid; head -n1 " +
                      file("read-by-head") + "; done; " + "kill -TERM $recorder; wait $recorder";
  const auto outcome =
      run({"unshare", "--pid", "--mount", "--fork", "--mount-proc", "--kill-child", "sh", "-c", script});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const auto replayed = replay(trace());
  std::set<pid_t> pids;
  for (const auto* program : {"cat", "head"}) {
    const auto events = replayed.of_path(file(std::string("read-by-") + program));
    EXPECT_EQ(events.size(), 100U);
    for (const auto& event : events) {
      pids.insert(event.pid);
      if (event.uncertain) continue;  // a close that was read when the pid had come again
      EXPECT_EQ(event.comm, program);
      EXPECT_TRUE(event.exe.ends_with(program)) << event.exe;
      EXPECT_EQ(event.cmdline.empty() ? "" : event.cmdline.back(), event.path);
    }
  }
  EXPECT_EQ(pids, std::set<pid_t>{501});
}

}  // namespace
}  // namespace rfan::kernel_test
