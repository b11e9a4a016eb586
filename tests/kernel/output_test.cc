// The places of the trace.
#include <sys/stat.h>

#include <filesystem>

#include "tests/kernel/fixture/canary.h"
#include "tests/kernel/fixture/kernel_fixture.h"
#include "tests/support/planted_entries.h"

namespace rfan::kernel_test {
namespace {

using Story = std::vector<std::string>;

TEST_F(KernelTest, TheTraceIsForItsOwnerOnly) {
  record()->stop();
  struct stat status {};
  ASSERT_EQ(::stat(trace().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 0600U);
}

TEST_F(KernelTest, UnderSudoTheTraceBelongsToTheInvokingUser) {
  LaunchOptions sudo;
  sudo.environment = {{"SUDO_UID", "65534"}, {"SUDO_GID", "65534"}};
  Recording recording({"-o", trace(), root()}, sudo);
  ASSERT_TRUE(recording.begun()) << recording.err();
  recording.stop();
  struct stat status {};
  ASSERT_EQ(::stat(trace().c_str(), &status), 0);
  EXPECT_EQ(status.st_uid, 65534U);
  EXPECT_EQ(status.st_gid, 65534U);
}

TEST_F(KernelTest, AnExistingTraceIsKeptAsOld) {
  write_file(trace(), "the one before");
  record()->stop();
  EXPECT_EQ(read_file(trace() + ".old"), "the one before");
  EXPECT_EQ(replay(trace()).status, 0);
}

TEST_F(KernelTest, WithoutOptionsTheCurrentDirectoryIsRecordedIntoTraceFbz) {
  create(file("a"));
  LaunchOptions in_root;
  in_root.directory = root();
  Recording recording({}, in_root);
  ASSERT_TRUE(recording.begun()) << recording.err();
  in_child([&] { open_and_close(file("a")); });
  EXPECT_EQ(recording.stop().status, 0);
  EXPECT_EQ(story(replay(file("trace.fbz")).events, root()), (Story{"open a", "close_nowrite a"}));
}

TEST_F(KernelTest, ATraceOnTheRecordedFilesystemDoesNotRecordItself) {
  create(file("a"));
  Recording recording({"-o", file("own.fbz"), root()});
  ASSERT_TRUE(recording.begun()) << recording.err();
  // Enough for many blocks: the writer must make progress while opens are held.
  in_child([&] {
    for (int i = 0; i < 100'000; ++i) open_and_close(file("a"));
  });
  EXPECT_EQ(recording.stop().status, 0);
  const auto replayed = replay(file("own.fbz"));
  EXPECT_EQ(replayed.status, 0) << replayed.messages;
  EXPECT_EQ(replayed.of_kind("open").size(), 100'000U);
  EXPECT_EQ(replayed.of_path(file("a")).size(), replayed.events.size())
      << "the recorder's own accesses are in it";
}

TEST_F(KernelTest, ATraceOnStandardOutputCanBeReplayedAsItComes) {
  create(file("a"));
  const auto pipeline = std::string(RFANREC_PATH) + " --duration 2s -o - " + root() + " | " +
                        RFANREPLAY_PATH + " - --format jsonl";
  ChildProcess recording({"sh", "-c", pipeline});
  ASSERT_TRUE(recording.wait_for_stderr_line("rfanrec: recording")) << recording.err();
  in_child([&] { open_and_close(file("a")); });
  const auto outcome = recording.wait();
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(story(parse_jsonl(outcome.out).events, root()), (Story{"open a", "close_nowrite a"}));
}

TEST_F(KernelTest, AStartThatFailsLeavesTheOlderTraceWhereItIs) {
  write_file(trace(), "older");
  EXPECT_EQ(Recording({"-o", trace(), "/proc"}).wait().status, 1);
  EXPECT_EQ(Recording({"-o", trace(), "--cpu", "99999", root()}).wait().status, 1);
  EXPECT_EQ(read_file(trace()), "older");
  EXPECT_EQ(read_file(trace() + ".old"), "");
}

// The next file gets the lowest free descriptor. Without a placeholder that file is the trace, or one that
// the kernel opened for an event, and messages are written into it.
TEST_F(KernelTest, ClosedStandardDescriptorsStayOutOfTheTrace) {
  create(file("a"));
  create(file("canary"));
  const Canary canary(file("canary"), scratch().file("count"));
  for (const std::string closed : {"2>&-", "0<&- 2>&-", "0<&- >&- 2>&-"}) {
    for (const std::string rotation : {"", "--rotate-size 1M "}) {
      const auto directory = scratch().file("series");
      std::filesystem::create_directory(directory);
      const auto line = RFANREC_PATH " " + rotation + "-o " + directory + "/t.fbz " + root() +
                        " -- /bin/sh -c 'readlink /proc/$PPID/fd/2 > " + scratch().file("second") +
                        "; read x <" + file("a") + "' " + closed;
      EXPECT_EQ(run({"sh", "-c", line}).status, 0) << line;
      // None of our descriptors has its number, neither the trace nor one of the guardian process.
      EXPECT_EQ(read_file(scratch().file("second")), "/\n")
          << line << ": occupied by a descriptor that nothing can be written to";
      EXPECT_TRUE(canary.alive()) << line;
      const auto replayed = replay(directory);
      EXPECT_EQ(replayed.status, 0) << line << "\n" << replayed.messages;
      EXPECT_EQ(replayed.of_path(file("a")).size(), 2U) << line;
      std::filesystem::remove_all(directory);
    }
  }
}

TEST_F(KernelTest, ACommandFindsClosedWhatWasClosed) {
  const auto line =
      std::string(RFANREC_PATH) + " -o " + trace() + " " + root() +
      " -- /bin/sh -c 'for fd in 0 1 2; do test -e /proc/self/fd/$fd && exit 1; done; exit 7' 0<&- >&- 2>&-";
  EXPECT_EQ(run({"sh", "-c", line}).status, 7);
}

TEST_F(KernelTest, OutputThatCannotBePrintedIsAnError) {
  for (const std::string option : {"--help", "--version", "--coverage"}) {
    for (const std::string closed : {" >/dev/full", " >&-"}) {
      const auto outcome = run({"sh", "-c", RFANREC_PATH " " + option + closed});
      EXPECT_EQ(outcome.status, 1) << option << closed;
      EXPECT_NE(outcome.err.find("rfanrec: cannot write the output: "), std::string::npos) << outcome.err;
    }
  }
  EXPECT_EQ(run({"sh", "-c", std::string(RFANREC_PATH) + " -o - " + root() + " -- true >&-"}).status, 1)
      << "a trace that nobody gets";
}

TEST_F(KernelTest, ATraceThatCannotBeWrittenIsAnErrorBeforeRecording) {
  const auto outcome = run({RFANREC_PATH, "-o", scratch().file("missing/trace.fbz"), root()});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_NE(outcome.err.find("missing/trace.fbz"), std::string::npos) << outcome.err;
}

TEST_F(KernelTest, APipeOfSomebodyElseGetsNothingAndNobodyWaitsForIt) {
  const auto directory = scratch().file("sticky");
  std::filesystem::create_directory(directory);
  tests::make_sticky(directory);
  ::chmod(scratch().path().c_str(), 0755);  // lets the other user get there
  const auto pipe = tests::plant_fifo(directory + "/trace.fbz");
  ChildProcess thief({"cat", pipe}, {.as_nobody = true});
  const auto outcome = run({RFANREC_PATH, "-o", pipe, root(), "--", "true"});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_NE(outcome.err.find(pipe + "'; it is a pipe of user 65534, who could read it"), std::string::npos)
      << outcome.err;
  thief.send(SIGKILL);
  EXPECT_EQ(thief.wait().out, "");
}

TEST_F(KernelTest, AnotherUsersFileInThePlaceOfTheTraceIsNamedAndStays) {
  tests::plant_file(trace() + ".new");
  const auto outcome = run({RFANREC_PATH, "-o", trace(), root(), "--", "true"});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_NE(outcome.err.find("trace.fbz.new'; it belongs to user 65534"), std::string::npos) << outcome.err;
  EXPECT_EQ(read_file(trace() + ".new"), "planted");
}

TEST_F(KernelTest, AFullDiskIsReportedAndFreesTheOpeners) {
  const PrivateTmpfs small;
  ASSERT_EQ(small.mount_errno(), 0);
  ASSERT_EQ(run({"mount", "-o", "remount,size=32k", small.path()}).status, 0);
  // Distinct names make the dictionary outgrow the disk.
  for (int i = 0; i < 20'000; ++i) create(file("a-name-" + std::to_string(i * 7919)));
  Recording recording({"-o", small.file("trace.fbz"), root()});
  ASSERT_TRUE(recording.begun()) << recording.err();
  in_child([&] {
    for (int i = 0; i < 20'000; ++i) open_and_close(file("a-name-" + std::to_string(i * 7919)));
  });
  const auto outcome = recording.stop();
  EXPECT_EQ(outcome.status, 1);
  EXPECT_NE(outcome.err.find("No space left on device"), std::string::npos) << outcome.err;
  EXPECT_EQ(replay(small.file("trace.fbz")).status, 3);
}

}  // namespace
}  // namespace rfan::kernel_test
