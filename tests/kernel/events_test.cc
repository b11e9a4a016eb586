// A recording holds all events, no others, and in order.
#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <set>

#include "tests/kernel/fixture/kernel_fixture.h"

namespace rfan::kernel_test {
namespace {

using Story = std::vector<std::string>;

TEST_F(KernelTest, RecordsExactlyTheEventsOfAScriptedSession) {
  create(file("a"));
  std::filesystem::create_directory(file("sub"));
  create(file("sub/b"));
  const auto recording = record({"--events", "open,exec,close_write,close_nowrite"});
  const auto pid = in_child([&] {
    open_and_close(file("a"));
    create(file("new"));
    open_and_close(file("sub/b"), O_RDWR);
    list_directory(file("sub"));
  });
  const auto replayed = stop_and_replay(*recording);
  EXPECT_EQ(story(replayed.of_process(pid), root()),
            (Story{"open a", "close_nowrite a", "open new", "close_write new", "open sub/b",
                   "close_write sub/b", "open sub", "close_nowrite sub"}));
  EXPECT_EQ(replayed.events.size(), 8U) << "somebody else's events are in the trace";
}

TEST_F(KernelTest, WhatOpensNothingIsNoOpen) {
  create(file("a"));
  const auto recording = record({"--events", "open,exec,close_write,close_nowrite"});
  in_child([&] {
    open_and_close(file("a"), O_PATH);
    ::open(file("missing").c_str(), O_RDONLY);
    ::access(file("a").c_str(), R_OK);
    EXPECT_EQ(::truncate(file("a").c_str(), 0), 0);
    std::filesystem::rename(file("a"), file("b"));
    std::filesystem::remove(file("b"));
  });
  EXPECT_EQ(story(stop_and_replay(*recording).events, root()), Story{});
}

TEST_F(KernelTest, AnExecIsToldApartFromAnOpen) {
  std::filesystem::copy_file("/bin/true", file("true"));
  const auto recording = record();
  const auto pid = in_child([&] { ::execl(file("true").c_str(), "true", nullptr); });
  const auto replayed = stop_and_replay(*recording);
  // The kernel asks twice for an exec. The executable is closed when the process has ended.
  EXPECT_EQ(story(replayed.of_process(pid), root()), (Story{"exec true", "open true", "close_nowrite true"}));
}

TEST_F(KernelTest, OpensAreHeldAndAllowedClosesAreNot) {
  create(file("a"));
  const auto recording = record();
  in_child([&] { open_and_close(file("a")); });
  const auto events = stop_and_replay(*recording).events;
  ASSERT_EQ(events.size(), 2U);
  EXPECT_TRUE(events[0].held);
  EXPECT_EQ(events[0].verdict, "allow");
  EXPECT_GT(events[0].reply_ns, 0);
  EXPECT_FALSE(events[1].held);
  EXPECT_EQ(events[1].verdict, "");
}

TEST_F(KernelTest, TimesGoForwardAndLieWithinTheRecording) {
  create(file("a"));
  const auto now_ns = [] {
    return std::chrono::nanoseconds(std::chrono::system_clock::now().time_since_epoch()).count();
  };
  const auto recording = record();
  const auto before_ns = now_ns();
  in_child([&] {
    for (int i = 0; i < 100; ++i) open_and_close(file("a"));
  });
  const auto after_ns = now_ns();
  const auto events = stop_and_replay(*recording).events;
  ASSERT_EQ(events.size(), 200U);
  constexpr std::int64_t kClockErrorNs = 1'000'000;  // the offset between the clocks is sampled
  auto last_ns = before_ns - kClockErrorNs;
  for (const auto& event : events) {
    EXPECT_GE(event.time_ns, last_ns);
    last_ns = event.time_ns;
  }
  EXPECT_LE(events[0].time_ns, after_ns + kClockErrorNs);
}

TEST_F(KernelTest, ManyDistinctOpensAreAllThere) {
  constexpr std::size_t kFiles = 100'000;
  std::set<std::string> expected;
  for (std::size_t i = 0; i < kFiles; ++i) {
    if (i % 1000 == 0) std::filesystem::create_directory(file("d" + std::to_string(i / 1000)));
    const auto path = file("d" + std::to_string(i / 1000) + "/f" + std::to_string(i));
    create(path);
    expected.insert(path);
  }
  const auto recording = record();
  const auto pid = in_child([&] {
    for (const auto& path : expected) open_and_close(path);
  });
  const auto opens = stop_and_replay(*recording).of_kind("open");
  EXPECT_EQ(opens.size(), kFiles);
  std::set<std::string> opened;
  for (const auto& event : opens) {
    EXPECT_EQ(event.pid, pid);
    opened.insert(event.path);
  }
  EXPECT_TRUE(opened == expected) << "the set of paths differs: " << opened.size() << " distinct ones";
}

TEST_F(KernelTest, OtherFilesystemsAreNotRecorded) {
  const PrivateTmpfs other;
  create(other.file("elsewhere"));
  create(file("here"));
  const auto recording = record();
  in_child([&] {
    open_and_close(other.file("elsewhere"));
    open_and_close(file("here"));
  });
  EXPECT_EQ(story(stop_and_replay(*recording).events, root()), (Story{"open here", "close_nowrite here"}));
}

TEST_F(KernelTest, SeveralPathsAreRecordedTogether) {
  const PrivateTmpfs other;
  create(other.file("b"));
  create(file("a"));
  const auto recording = record({other.path()});
  in_child([&] {
    open_and_close(file("a"));
    open_and_close(other.file("b"));
  });
  EXPECT_EQ(story(stop_and_replay(*recording).of_kind("open"), root()),
            (Story{"open a", "open " + other.file("b")}));
}

}  // namespace
}  // namespace rfan::kernel_test
