// Openers in unusual circumstances: each gets the result that it would get without a recorder, and is
// recorded.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <filesystem>

#include "tests/kernel/fixture/canary.h"
#include "tests/kernel/fixture/kernel_fixture.h"

namespace rfan::kernel_test {
namespace {

using Story = std::vector<std::string>;
namespace fs = std::filesystem;

int open_errno(const std::string& path, int flags) {
  const int fd = ::open(path.c_str(), flags | O_CLOEXEC, 0644);
  if (fd >= 0) ::close(fd);
  return fd >= 0 ? 0 : errno;
}

TEST_F(KernelTest, CreatingOpensAreRecordedWhetherTheFileIsNewOrNot) {
  create(file("old"));
  const auto recording = record();
  in_child([&] {
    for (const auto* name : {"old", "new"}) open_and_close(file(name), O_RDONLY | O_CREAT);
    EXPECT_EQ(open_errno(file("old"), O_WRONLY | O_CREAT | O_EXCL), EEXIST);
  });
  const auto replayed = stop_and_replay(*recording);
  EXPECT_EQ(story(replayed.of_kind("open"), root()), (Story{"open old", "open new"}));
  EXPECT_EQ(story(replayed.of_kind("create"), root()), Story{"create new"});
}

TEST_F(KernelTest, AFileWithoutANameIsRecordedAsDeleted) {
  const auto recording = record();
  const auto pid = in_child([&] { open_and_close(root(), O_TMPFILE | O_RDWR); });
  const auto events = stop_and_replay(*recording).of_process(pid);
  ASSERT_EQ(events.size(), 2U);
  for (const auto& event : events) EXPECT_TRUE(event.path.starts_with(file("#"))) << event.path;
}

TEST_F(KernelTest, AHardLinkIsRecordedUnderTheNameThatWasUsed) {
  create(file("first"));
  fs::create_hard_link(file("first"), file("second"));
  const auto recording = record();
  const auto pid = in_child([&] {
    open_and_close(file("second"));
    open_and_close(file("first"));
  });
  EXPECT_EQ(story(stop_and_replay(*recording).of_process(pid), root()),
            (Story{"open second", "close_nowrite second", "open first", "close_nowrite first"}));
}

TEST_F(KernelTest, ASymbolicLinkIsRecordedAsWhatItLeadsTo) {
  create(file("target"));
  fs::create_symlink("target", file("link"));
  const auto recording = record();
  in_child([&] { open_and_close(file("link")); });
  EXPECT_EQ(story(stop_and_replay(*recording).events, root()),
            (Story{"open target", "close_nowrite target"}));
}

TEST_F(KernelTest, ARunningProgramCanBeOpenedForReadingButNotForWriting) {
  fs::copy_file("/bin/sleep", file("busy"));
  const auto recording = record();
  const ChildProcess running({file("busy"), "60"});
  const auto is_running = [&] {
    return read_file("/proc/" + std::to_string(running.pid()) + "/comm") == "busy\n";
  };
  while (!is_running()) std::this_thread::sleep_for(std::chrono::milliseconds(2));
  const auto pid = in_child([&] {
    EXPECT_EQ(open_errno(file("busy"), O_RDONLY), 0);
    EXPECT_EQ(open_errno(file("busy"), O_WRONLY), ETXTBSY);
  });
  const auto opens = stop_and_replay(*recording).of_process(pid);
  EXPECT_EQ(story(opens, root())[0], "open busy");
}

TEST_F(KernelTest, AFileBeingWrittenCannotBeExecutedAndTheRecorderIsNotWhy) {
  fs::copy_file("/bin/true", file("program"));
  const auto recording = record();
  in_child([&] { EXPECT_EQ(run({file("program")}).status, 0); });
  in_child([&] {
    const int writer = ::open(file("program").c_str(), O_WRONLY | O_CLOEXEC);
    ::execl(file("program").c_str(), "program", nullptr);
    if (writer < 0 || errno != ETXTBSY) ::abort();
  });
  // The descriptors of the file's events are closed by now, so nothing of ours prevents writing or executing
  // it.
  in_child([&] { open_and_close(file("program"), O_RDWR); });
  in_child([&] { EXPECT_EQ(run({file("program")}).status, 0); });
  stop_and_replay(*recording);
}

TEST_F(KernelTest, AnOpenerKilledWhileItWaitsTakesNobodyAlong) {
  create(file("a"));
  create(file("canary"));
  const auto recording = record();
  const Canary canary(file("canary"), scratch().file("count"));
  for (int round = 0; round < 200; ++round) {
    ChildProcess opener({"sh", "-c", "while :; do read x < " + file("a") + "; done"});
    opener.send(SIGKILL);
  }
  EXPECT_TRUE(canary.alive());
  EXPECT_EQ(recording->stop().status, 0);
}

TEST_F(KernelTest, ReadsAndMappingsWaitForNobody) {
  create(file("a"), std::string(100'000, 'x'));
  const auto recording = record({"--events", "open,access,close_nowrite"});
  const auto pid = in_child([&] {
    const int fd = ::open(file("a").c_str(), O_RDONLY | O_CLOEXEC);
    char byte = 0;
    if (::read(fd, &byte, 1) != 1) ::abort();
    void* memory = ::mmap(nullptr, 4096, PROT_READ, MAP_SHARED, fd, 0);
    ::close(fd);
    if (*static_cast<volatile char*>(memory) != 'x') ::abort();
  });
  for (const auto& event : stop_and_replay(*recording).of_process(pid))
    EXPECT_EQ(event.held, event.kind == "open") << event.kind;
}

}  // namespace
}  // namespace rfan::kernel_test
