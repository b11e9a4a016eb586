#include "tests/recorder/process_table_test.h"

#include "tests/support/scratch_directory.h"

namespace rfan::recorder {
namespace {

TEST_F(ProcessTableTest, DeletedExecutableIsFlaggedAndKeepsItsName) {
  const tests::ScratchDirectory scratch;
  seen(1, 50, 1, scratch.file("gone (deleted)"));
  const auto id = enter(1);
  const auto trace = trace_.read();
  EXPECT_EQ(trace.exe_of(id), scratch.file("gone"));
  EXPECT_EQ(trace.processes.at(id - 1).flags, format::kProcessExeDeleted);
}

TEST_F(ProcessTableTest, ExecutableReallyNamedDeletedIsNotFlagged) {
  const tests::ScratchDirectory scratch;
  const auto program = scratch.write("sleeper (deleted)", "");
  seen(1, 50, 1, program);
  const auto id = enter(1);
  const auto trace = trace_.read();
  EXPECT_EQ(trace.exe_of(id), program);
  EXPECT_EQ(trace.processes.at(id - 1).flags, 0);
}

TEST_F(ProcessTableTest, UnknownImageHasNoEntry) {
  EXPECT_EQ(enter(0), 0U);
  EXPECT_EQ(enter(77), 0U);
  EXPECT_EQ(trace_.writer().process_count(), 0U);
}

TEST_F(ProcessTableTest, ProcessReadFromProcIsEnteredAsRead) {
  seen(1, 50, 1, "/bin/sh", std::string("sh\0-c\0x\0", 8));
  const auto id = enter(1);
  const auto trace = trace_.read();
  const auto& process = trace.processes.at(id - 1);
  EXPECT_EQ(process.pid, 50U);
  EXPECT_EQ(process.ppid, 1U);
  EXPECT_EQ(process.uid, 1000U);
  EXPECT_EQ(process.gid, 100U);
  EXPECT_EQ(process.start_time_ns, 7 * kSecondNs);
  EXPECT_EQ(process.comm, "comm");
  EXPECT_EQ(process.cmdline, std::string("sh\0-c\0x\0", 8));
  EXPECT_EQ(trace.exe_of(id), "/bin/sh");
}

TEST_F(ProcessTableTest, ImageIsEnteredOnceAndOnlyWhenAsked) {
  seen(1, 50, 1, "/bin/sh");
  seen(2, 51, 1, "/bin/never-seen-again");
  EXPECT_EQ(enter(1), enter(1));
  EXPECT_EQ(trace_.writer().process_count(), 1U);
}

TEST_F(ProcessTableTest, ForkInheritsTheProgram) {
  seen(1, 50, 1, "/bin/sh");
  forks(1, 2, 50, 51);
  const auto child = enter(2);
  const auto trace = trace_.read();
  const auto& process = trace.processes.at(child - 1);
  EXPECT_EQ(trace.exe_of(child), "/bin/sh");
  EXPECT_EQ(process.pid, 51U);
  EXPECT_EQ(process.ppid, 50U);
  EXPECT_EQ(process.uid, 1000U);
  EXPECT_EQ(process.cmdline, "cmd");
  EXPECT_EQ(process.start_time_ns, 10 * kSecondNs);
}

TEST_F(ProcessTableTest, ForkOfAnUnknownProcessIsKnownByItsPid) {
  forks(0, 2, 50, 51);
  const auto child = enter(2);
  const auto trace = trace_.read();
  EXPECT_EQ(trace.processes.at(child - 1).pid, 51U);
  EXPECT_EQ(trace.processes.at(child - 1).parent, 0U);
}

TEST_F(ProcessTableTest, AncestorsEnterTheTraceBeforeTheChild) {
  seen(1, 50, 1, "/bin/sh");
  forks(1, 2, 50, 51);
  forks(2, 3, 51, 52);
  EXPECT_EQ(enter(3), 3U);
  const auto trace = trace_.read();
  EXPECT_EQ(trace.processes.at(2).parent, 2U);
  EXPECT_EQ(trace.processes.at(1).parent, 1U);
  EXPECT_EQ(trace.processes.at(0).pid, 50U);
}

TEST_F(ProcessTableTest, ExecReplacesTheProgramAndLinksToTheImageBefore) {
  seen(1, 50, 1, "/bin/sh");
  execs(1, 2, 50, "vim");
  runs(2, 50, "/usr/bin/vim.basic");
  const auto after = enter(2);
  const auto before = enter(1);
  const auto trace = trace_.read();
  const auto& process = trace.processes.at(after - 1);
  EXPECT_EQ(trace.exe_of(after), "/usr/bin/vim.basic");
  EXPECT_EQ(trace.exe_of(before), "/bin/sh");
  EXPECT_EQ(process.comm, "vim");
  EXPECT_EQ(process.cmdline, "") << "the command line of the program before is not ours";
  EXPECT_EQ(process.parent, before);
  EXPECT_EQ(process.start_time_ns, 7 * kSecondNs) << "the process is as old as before";
  EXPECT_EQ(process.uid, 1000U);
}

TEST_F(ProcessTableTest, CgroupIsInheritedByForkAndExec) {
  seen_in_cgroup(1, "/a.slice");
  forks(1, 2, 50, 51);
  execs(2, 3, 51, "vim");
  const auto forked = enter(2);
  const auto executed = enter(3);
  const auto trace = trace_.read();
  EXPECT_EQ(trace.processes.at(forked - 1).cgroup, "/a.slice");
  EXPECT_EQ(trace.processes.at(executed - 1).cgroup, "/a.slice");
}

// A process that was killed while it waited for its exec still owns that event, and the closes at its end.
TEST_F(ProcessTableTest, ProcessReadAsItEndsKeepsTheProgramItHad) {
  seen(1, 50, 1, "/bin/make", "make");
  forks(1, 2, 50, 51);
  seen(2, 51, 50, "", "");
  const auto id = enter(2);
  const auto trace = trace_.read();
  EXPECT_EQ(trace.exe_of(id), "/bin/make");
  EXPECT_EQ(trace.processes.at(id - 1).cmdline, "make");
  EXPECT_EQ(trace.processes.at(id - 1).pid, 51U);
}

TEST_F(ProcessTableTest, ProcessReadAgainAsItEndsKeepsTheProgramItHad) {
  seen(1, 50, 1, "/bin/make", "make");
  seen(2, 50, 1, "", "");
  const auto id = enter(2);
  EXPECT_EQ(trace_.read().exe_of(id), "/bin/make");
}

TEST_F(ProcessTableTest, ProcessWhoseNameChangedUnseenHasNoProgramOfBefore) {
  seen(1, 50, 1, "/bin/make", "make");
  table_->apply({.serial = 2, .pid = 50, .ppid = 1, .time_ns = 7 * kSecondNs, .comm = "other"});
  const auto id = enter(2);
  EXPECT_EQ(trace_.read().exe_of(id), "");
}

TEST_F(ProcessTableTest, KernelThreadHasNoProgramOfBefore) {
  seen(1, 50, 1, "/sbin/init", "init");
  forks(1, 2, 50, 51);
  table_->apply(
      {.flags = format::kProcessKernelThread, .serial = 2, .pid = 51, .ppid = 50, .comm = "kworker"});
  const auto id = enter(2);
  EXPECT_EQ(trace_.read().exe_of(id), "");
}

TEST_F(ProcessTableTest, MoveToAnotherCgroupMakesANewEntry) {
  seen_in_cgroup(1, "/a.slice");
  const auto before = enter(1);
  seen_in_cgroup(1, "/b.slice");
  const auto after = enter(1);
  const auto trace = trace_.read();
  EXPECT_EQ(trace.processes.at(before - 1).cgroup, "/a.slice");
  EXPECT_EQ(trace.processes.at(after - 1).cgroup, "/b.slice");
}

TEST_F(ProcessTableTest, CgroupThatCannotBeReadStaysTheInheritedOne) {
  seen_in_cgroup(1, "/a.slice");
  const auto id = enter(1);
  seen_in_cgroup(1, "");
  EXPECT_EQ(enter(1), id);
}

TEST_F(ProcessTableTest, UserThatChangedIsAnotherEntryFromThenOn) {
  seen(1, 50, 1, "/bin/sh");
  becomes_user(1, 2, 50, 0);
  const auto entries = entries_of({1, 2});
  const auto& before = entries[0];
  const auto& after = entries[1];
  EXPECT_EQ(before.uid, 1000U);
  EXPECT_EQ(after.uid, 0U);
  EXPECT_EQ(after.gid, before.gid);
  EXPECT_EQ(after.cmdline, before.cmdline);
  EXPECT_EQ(after.exe, before.exe);
  EXPECT_EQ(after.parent, before.parent);
  EXPECT_EQ(after.start_time_ns, before.start_time_ns);
}

TEST_F(ProcessTableTest, NameThatChangedIsAnotherEntryFromThenOn) {
  seen(1, 50, 1, "/bin/sh");
  takes_name(1, 2, 50, "worker");
  const auto entries = entries_of({1, 2});
  EXPECT_EQ(entries[0].comm, "comm");
  EXPECT_EQ(entries[1].comm, "worker");
}

TEST_F(ProcessTableTest, ChangeToTheSameKeepsTheEntry) {
  seen(1, 50, 1, "/bin/sh");
  const auto id = enter(1);
  becomes_user(1, 2, 50, 1000);
  takes_name(2, 3, 50, "comm");
  EXPECT_EQ(enter(3), id);
}

TEST_F(ProcessTableTest, ForkOfAChangedProcessInheritsTheChange) {
  seen(1, 50, 1, "/bin/sh");
  becomes_user(1, 2, 50, 0);
  forks(2, 3, 50, 51);
  EXPECT_EQ(entries_of({3})[0].uid, 0U);
}

TEST_F(ProcessTableTest, ProgramReadAfterAChangeWasTheSameBefore) {
  forks(0, 1, 1, 50);
  execs(1, 2, 50, "sh");
  becomes_user(2, 3, 50, 1000);
  seen(3, 50, 1, "/bin/sh", "words");
  const auto entries = entries_of({2, 3});
  EXPECT_EQ(entries[0].cmdline, "words");
  EXPECT_EQ(entries[0].exe, entries[1].exe);
  EXPECT_NE(entries[0].exe, 0U);
  EXPECT_EQ(entries[0].uid, 0U) << "it was not yet the other user";
}

TEST_F(ProcessTableTest, DetailsThatSayNothingNewKeepTheEntry) {
  seen(1, 50, 1, "/bin/sh");
  const auto id = enter(1);
  seen(1, 50, 1, "/bin/sh");
  EXPECT_EQ(enter(1), id);
  EXPECT_EQ(trace_.writer().process_count(), 1U);
}

TEST_F(ProcessTableTest, DetailsThatDifferMakeANewEntry) {
  seen(1, 50, 1, "/bin/sh");
  const auto id = enter(1);
  seen(1, 50, 1, "/bin/sh", "renamed itself");
  const auto renamed = enter(1);
  EXPECT_NE(renamed, id);
  seen(1, 50, 1, "/bin/dash", "renamed itself");
  EXPECT_NE(enter(1), renamed);
}

TEST_F(ProcessTableTest, ExecutableLearntAfterTheFirstEventMakesANewEntry) {
  seen(1, 50, 1, "/bin/sh");
  execs(1, 2, 50, "vim");
  enter(2);
  runs(2, 50, "/usr/bin/vim.basic");
  const auto id = enter(2);
  EXPECT_EQ(trace_.read().exe_of(id), "/usr/bin/vim.basic");
}

TEST_F(ProcessTableTest, SideBandsStartTimeIsNotReplacedByTheCoarserOne) {
  constexpr auto kStartNs = 10 * kSecondNs + 20'000;  // a multiple of the trace's unit
  forks(0, 2, 50, 51, kStartNs);
  seen(2, 51, 50, "/bin/sh");
  const auto id = enter(2);
  EXPECT_EQ(trace_.read().processes.at(id - 1).start_time_ns, kStartNs);
}

TEST_F(ProcessTableTest, ProcessReadFromProcFindsItsParentByPid) {
  seen(1, 50, 1, "/bin/sh");
  seen(2, 51, 50, "/bin/ls");
  const auto child = enter(2);
  const auto trace = trace_.read();
  EXPECT_EQ(trace.processes.at(trace.processes.at(child - 1).parent - 1).pid, 50U);
}

}  // namespace
}  // namespace rfan::recorder
