// rfanrec PATH -- COMMAND records only the command and its descendants, and returns its exit status.
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <set>

#include "tests/kernel/fixture/kernel_fixture.h"

namespace rfan::kernel_test {
namespace {

std::set<std::string> opened_paths(const ReplayedTrace& replayed) {
  std::set<std::string> paths;
  for (const auto& event : replayed.of_kind("open")) paths.insert(event.path);
  return paths;
}

TEST_F(KernelTest, ACommandIsRecordedWithItsChildren) {
  for (const auto* name : {"direct", "child", "piped", "background"}) create(file(name));
  const auto script =
      "read x < direct; cat child > /dev/null; cat piped | cat > /dev/null; "
      "cat background > /dev/null & wait";
  const auto outcome = record_command({"sh", "-c", "cd " + root() + " && " + script});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  const auto replayed = replay(trace());
  EXPECT_EQ(replayed.status, 0) << replayed.messages;
  EXPECT_EQ(opened_paths(replayed),
            (std::set<std::string>{file("direct"), file("child"), file("piped"), file("background")}));
  for (const auto& event : replayed.events) EXPECT_NE(event.exe, "") << event.path;
}

TEST_F(KernelTest, ADaemonisedGrandchildBelongsToTheCommand) {
  create(file("daemon"));
  // The middle shell ends at once, so that the grandchild becomes init's child in a session of its own. The
  // command waits for it, however slow the machine is.
  const auto script = "cd " + root() + "; (setsid sh -c 'sleep 0.2; cat daemon > /dev/null; : > done' &) ; " +
                      "until [ -e done ]; do sleep 0.1; done";
  EXPECT_EQ(record_command({"sh", "-c", script}).status, 0);
  const auto events = replay(trace()).of_path(file("daemon"));
  ASSERT_FALSE(events.empty());
  EXPECT_EQ(events[0].comm, "cat");
}

// Returns a command that leaves a daemon, which opens `name` long after the command has ended.
std::vector<std::string> leaving_a_daemon(const std::string& name) {
  return {"sh", "-c", "(setsid sh -c 'sleep 0.7; read x < " + name + "' > /dev/null 2>&1 &); exit 3"};
}

TEST_F(KernelTest, ADaemonThatOutlivesTheCommandIsRecordedForTheDuration) {
  create(file("daemon"));
  std::vector<std::string> arguments{"-o", trace(), "--duration", "100s", root(), "--"};
  for (const auto& word : leaving_a_daemon(file("daemon"))) arguments.push_back(word);
  Recording recording(arguments);
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(recording.wait().status, 3) << "the status is that of the command";
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(80))
      << "it ends with the last process";
  EXPECT_EQ(replay(trace()).of_path(file("daemon")).size(), 2U);
}

TEST_F(KernelTest, WithoutADurationTheRecordingEndsWithTheCommand) {
  create(file("daemon"));
  EXPECT_EQ(record_command(leaving_a_daemon(file("daemon"))).status, 3);
  EXPECT_TRUE(replay(trace()).of_path(file("daemon")).empty());
}

TEST_F(KernelTest, ACommandThatMovesDirectoriesAndDeletesOpenFilesIsNamedRightly) {
  const std::string script =
      "mkdir d; echo x > d/kept; mv d e; exec 3> e/gone; rm e/gone; echo y >&3; exec 3>&-; mv e/kept top; "
      "rmdir e";
  EXPECT_EQ(record_command({"sh", "-c", "cd " + root() + " && " + script}).status, 0);
  const auto replayed = replay(trace());
  EXPECT_EQ(replayed.status, 0) << replayed.messages;
  EXPECT_EQ(story(replayed.of_kind("create"), root()),
            (std::vector<std::string>{"create d", "create d/kept", "create e/gone"}));
  EXPECT_EQ(story(replayed.of_kind("rename"), root()),
            (std::vector<std::string>{"rename d -> e", "rename e/kept -> top"}));
  EXPECT_EQ(story(replayed.of_kind("delete"), root()),
            (std::vector<std::string>{"delete e/gone", "delete e"}));
}

TEST_F(KernelTest, OtherProcessesAreNotPartOfTheCommand) {
  create(file("mine"));
  create(file("theirs"));
  const ChildProcess stranger({"sh", "-c", "while :; do cat " + file("theirs") + "; sleep 0.01; done"});
  const auto script = "for i in 1 2 3 4 5 6 7 8; do cat " + file("mine") + "; sleep 0.03; done";
  EXPECT_EQ(record_command({"sh", "-c", script}).status, 0);
  const auto replayed = replay(trace());
  EXPECT_EQ(opened_paths(replayed), std::set<std::string>{file("mine")});
  EXPECT_EQ(replayed.of_kind("open").size(), 8U);
}

TEST_F(KernelTest, TheFirstThingACommandDoesIsRecorded) {
  create(file("first"));
  EXPECT_EQ(record_command({"cat", file("first")}).status, 0);
  const auto events = replay(trace()).of_path(file("first"));
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].cmdline, (std::vector<std::string>{"cat", file("first")}));
}

TEST_F(KernelTest, ACommandReadsAndWritesOurStdinAndStdout) {
  write_file(scratch().file("in"), "from stdin");
  const auto command =
      std::string(RFANREC_PATH) + " -o " + trace() + " " + root() + " -- cat < " + scratch().file("in");
  const auto outcome = run({"sh", "-c", command});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "from stdin");
}

TEST_F(KernelTest, TheExitStatusOfTheCommandIsPassedOn) {
  EXPECT_EQ(record_command({"sh", "-c", "exit 7"}).status, 7);
  EXPECT_EQ(record_command({"true"}).status, 0);
}

TEST_F(KernelTest, TheSignalThatEndedTheCommandIsPassedOn) {
  EXPECT_EQ(record_command({"sh", "-c", "kill -TERM $$"}).status, 128 + SIGTERM);
  EXPECT_EQ(record_command({"sh", "-c", "kill -KILL $$"}).status, 128 + SIGKILL);
}

TEST_F(KernelTest, ACommandThatDoesNotExistIsNamed) {
  const auto outcome = record_command({"no-such-command-here"});
  EXPECT_EQ(outcome.status, 127);
  EXPECT_NE(outcome.err.find("no-such-command-here"), std::string::npos) << outcome.err;
}

TEST_F(KernelTest, ACommandThatMayNotBeRunIsNamed) {
  write_file(scratch().file("data"), "no program");
  const auto outcome = record_command({scratch().file("data")});
  EXPECT_EQ(outcome.status, 126);
  EXPECT_NE(outcome.err.find(scratch().file("data")), std::string::npos) << outcome.err;
}

// Returns an existing, executable file that the kernel cannot execute; only an attempt shows that.
std::string unrunnable(const tests::ScratchDirectory& scratch) {
  const auto script = scratch.file("script");
  write_file(script, "#!/no/such/interpreter\n");
  std::filesystem::permissions(script, std::filesystem::perms::owner_all);
  return script;
}

TEST_F(KernelTest, ACommandThatCannotBeRunLeavesTheOlderTrace) {
  ASSERT_EQ(record_command({"true"}).status, 0);
  const auto older = read_file(trace());
  for (int round = 0; round < 2; ++round) {
    const auto outcome = record_command({unrunnable(scratch())});
    EXPECT_EQ(outcome.status, 127);
    EXPECT_EQ(outcome.err.find(" events"), std::string::npos) << outcome.err;
  }
  EXPECT_EQ(read_file(trace()), older);
  EXPECT_FALSE(std::filesystem::exists(trace() + ".new"));
  EXPECT_FALSE(std::filesystem::exists(trace() + ".old"));
}

TEST_F(KernelTest, ACommandThatCannotBeRunLeavesTheOlderTracesOfARotatedSet) {
  const auto older = scratch().file("trace.000007.fbz");
  write_file(older, "older");
  const auto outcome = Recording({"-o", trace(), "--rotate-size", "1M", "--keep-files", "1", root(), "--",
                                  unrunnable(scratch())})
                           .wait();
  EXPECT_EQ(outcome.status, 127);
  EXPECT_EQ(read_file(older), "older");
  for (const auto& entry : std::filesystem::directory_iterator(scratch().path()))
    EXPECT_FALSE(entry.path().filename().string().starts_with("trace.000008")) << entry.path();
}

TEST_F(KernelTest, TheStreamOfACommandThatCannotBeRunIsWhole) {
  const auto command =
      std::string(RFANREC_PATH) + " -o - " + root() + " -- " + unrunnable(scratch()) + " > " + trace();
  EXPECT_EQ(run({"sh", "-c", command}).status, 127);
  EXPECT_EQ(replay(trace()).status, 0);
}

TEST_F(KernelTest, ACommandIsFoundAsTheShellFindsIt) {
  const auto here = scratch().file("here");
  std::filesystem::create_directories(here);
  write_file(here + "/tool", "#!/bin/sh\nexit 7\n");
  std::filesystem::permissions(here + "/tool", std::filesystem::perms::owner_all);
  write_file(here + "/data", "no program");
  std::filesystem::create_directory(here + "/folder");
  for (const auto* path : {":/usr/bin:/bin", "/usr/bin:/bin:", "/usr/bin::/bin", "/usr/bin:.:/bin"}) {
    for (const auto* word :
         {"tool", "data", "folder", "nothing", "./tool", "./data", "./folder", "./nothing"}) {
      const LaunchOptions options{.environment = {{"PATH", path}}, .directory = here};
      const auto wanted = run({"/bin/bash", "-c", word}, options).status;
      EXPECT_EQ(Recording({"-o", trace(), root(), "--", word}, options).wait().status, wanted)
          << "PATH=" << path << " " << word;
    }
  }
}

TEST_F(KernelTest, ACommandInheritsNoDescriptorsOfTheRecorder) {
  const auto outcome = record_command({"sh", "-c", "ls -l /proc/self/fd"});
  EXPECT_EQ(outcome.out.find("fanotify"), std::string::npos) << outcome.out;
  EXPECT_EQ(outcome.out.find("trace.fbz"), std::string::npos) << outcome.out;
}

TEST_F(KernelTest, ACommandHasDefaultSignals) {
  const auto outcome = record_command({"grep", "-E", "Sig(Blk|Ign)", "/proc/self/status"});
  EXPECT_EQ(outcome.out, run({"grep", "-E", "Sig(Blk|Ign)", "/proc/self/status"}).out);
}

TEST_F(KernelTest, SigtermEndsTheRecordingOfACommand) {
  create(file("a"));
  Recording recording({"-o", trace(), root(), "--", "sh", "-c", "cat " + file("a") + "; exec sleep 30"});
  ASSERT_TRUE(recording.begun()) << recording.err();
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  recording.stop(SIGTERM);
  const auto replayed = replay(trace());
  EXPECT_EQ(replayed.status, 0) << replayed.messages;
  EXPECT_FALSE(replayed.of_path(file("a")).empty());
}

}  // namespace
}  // namespace rfan::kernel_test
