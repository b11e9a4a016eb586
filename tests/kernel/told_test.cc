// Events that nobody waits for: names of created, deleted and renamed files, and recordings that hold little
// or nothing.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <thread>

#include "tests/kernel/fixture/kernel_fixture.h"

namespace rfan::kernel_test {
namespace {

using Story = std::vector<std::string>;
namespace fs = std::filesystem;

TEST_F(KernelTest, CreatedRenamedAndDeletedFilesHaveTheirNames) {
  const auto recording = record({"--events", "create,rename,delete"});
  const auto pid = in_child([&] {
    fs::create_directory(file("d"));
    create(file("d/a"));
    fs::rename(file("d/a"), file("d/b"));
    fs::create_hard_link(file("d/b"), file("link"));
    fs::rename(file("d"), file("e"));
    fs::remove(file("e/b"));
    fs::remove(file("e"));
  });
  EXPECT_EQ(story(stop_and_replay(*recording).of_process(pid), root()),
            (Story{"create d", "create d/a", "rename d/a -> d/b", "create link", "rename d -> e",
                   "delete e/b", "delete e"}));
}

// The kernel reports a changed link count without a name.
TEST_F(KernelTest, AChangedLinkCountIsRecordedUnderTheNameThatCameOrWent) {
  constexpr int kRounds = 200;
  const auto name = [](const char* prefix, int i) { return prefix + std::to_string(i); };
  for (int i = 0; i < kRounds; ++i)
    for (const auto* prefix : {"linked", "gone", "new", "replaced"}) create(file(name(prefix, i)));
  const auto recording = record({"--events", "attrib,rename"});
  in_child([&] {
    for (int i = 0; i < kRounds; ++i) {
      std::filesystem::create_hard_link(file(name("linked", i)), file(name("link", i)));
      std::filesystem::remove(file(name("gone", i)));
      std::filesystem::rename(file(name("new", i)), file(name("replaced", i)));
    }
  });
  Story expected;
  for (int i = 0; i < kRounds; ++i) {
    for (const auto* prefix : {"link", "gone"}) expected.push_back("attrib " + name(prefix, i));
    expected.push_back("rename " + name("new", i) + " -> " + name("replaced", i));
    expected.push_back("attrib " + name("replaced", i));
  }
  EXPECT_EQ(story(stop_and_replay(*recording).events, root()), expected);
}

TEST_F(KernelTest, AccessModifyAndAttribAreRecordedWhenAskedFor) {
  create(file("a"));
  const auto recording = record({"--events", "access,modify,attrib"});
  const auto pid = in_child([&] {
    const int fd = ::open(file("a").c_str(), O_RDWR);
    char byte = 0;
    if (::read(fd, &byte, 1) != 1 || ::write(fd, "y", 1) != 1) ::abort();
    ::close(fd);
    ::chmod(file("a").c_str(), 0600);
  });
  const auto replayed = stop_and_replay(*recording);
  for (const auto* kind : {"access", "modify", "attrib"}) {
    EXPECT_EQ(story(replayed.of_kind(kind), root()), Story{std::string(kind) + " a"});
  }
  EXPECT_EQ(replayed.of_process(pid).size(), replayed.events.size());
  EXPECT_EQ(replayed.events.size(), 3U) << "kinds that were not asked for are in the trace";
}

TEST_F(KernelTest, WithoutHoldingOpensAreToldAndNamed) {
  create(file("a"));
  const auto recording = record({"--hold", "none"});
  const auto pid = in_child([&] { open_and_close(file("a")); });
  const auto events = stop_and_replay(*recording).of_process(pid);
  EXPECT_EQ(story(events, root()), (Story{"open a", "close_nowrite a"}));
  for (const auto& event : events) EXPECT_FALSE(event.held);
}

TEST_F(KernelTest, WithHeldExecsOnlyExecsWait) {
  fs::copy_file("/bin/true", file("true"));
  create(file("a"));
  const auto recording = record({"--hold", "exec"});
  in_child([&] { open_and_close(file("a")); });
  in_child([&] { ::execl(file("true").c_str(), "true", nullptr); });
  const auto replayed = stop_and_replay(*recording);
  ASSERT_EQ(replayed.of_kind("exec").size(), 1U);
  EXPECT_TRUE(replayed.of_kind("exec")[0].held);
  ASSERT_FALSE(replayed.of_kind("open").empty());
  for (const auto& event : replayed.of_kind("open")) EXPECT_FALSE(event.held) << event.path;
}

TEST_F(KernelTest, ShortProcessesAreNamedThoughNothingIsHeld) {
  constexpr int kProcesses = 300;
  for (int i = 0; i < kProcesses; ++i) create(file("f" + std::to_string(i)));
  const auto recording = record({"--hold", "none"});
  in_child([&] {
    const auto command = "seq 0 " + std::to_string(kProcesses - 1) + " | xargs -P8 -I{} cat " + file("f{}");
    if (::system((command + " > /dev/null").c_str()) != 0) ::abort();
  });
  const auto opens = stop_and_replay(*recording).of_kind("open");
  EXPECT_EQ(opens.size(), static_cast<std::size_t>(kProcesses));
  for (const auto& event : opens) EXPECT_TRUE(event.exe.ends_with("/cat")) << event.exe;
}

TEST_F(KernelTest, ARenamedDirectoryIsFollowedThoughRenamesAreNotRecorded) {
  fs::create_directory(file("before"));
  create(file("before/a"));
  const auto recording = record({"--hold", "none", "--events", "open"});
  const auto pid = in_child([&] {
    open_and_close(file("before/a"));
    // A directory that no earlier event named is looked up within the flush interval, which here is before it
    // moves.
    std::this_thread::sleep_for(std::chrono::milliseconds(700));
    fs::rename(file("before"), file("after"));
    open_and_close(file("after/a"));
  });
  EXPECT_EQ(story(stop_and_replay(*recording).of_process(pid), root()),
            (Story{"open before/a", "open after/a"}));
}

}  // namespace
}  // namespace rfan::kernel_test
