#include "recorder/processes/process_table.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#include "tests/recorder/memory_trace.h"
#include "tests/support/scratch_directory.h"

namespace rfan::recorder {
namespace {

using format::ProcessId;
using Scope = ProcessTable::Scope;

constexpr std::uint64_t kSecondNs = 1'000'000'000;

class ProcessTableTest : public ::testing::Test {
 protected:
  void everything() { record_tree_of(0); }
  void record_tree_of(std::uint32_t root_pid) { table_.emplace(root_pid); }

  void seen(ImageSerial serial, std::uint32_t pid, std::uint32_t ppid, const std::string& exe,
            const std::string& cmdline = "cmd") {
    table_->apply({.fact = ProcessFact::kDetails,
                   .serial = serial,
                   .pid = pid,
                   .ppid = ppid,
                   .uid = 1000,
                   .gid = 100,
                   .time_ns = 7 * kSecondNs,
                   .comm = "comm",
                   .exe = exe,
                   .cmdline = cmdline});
  }
  void seen_in_cgroup(ImageSerial serial, const std::string& cgroup) {
    table_->apply(
        {.serial = serial, .pid = 50, .ppid = 1, .comm = "comm", .exe = "/bin/sh", .cgroup = cgroup});
  }
  // Image 1 becomes image 2.
  void moves_unseen_to(std::uint64_t since_ns, std::uint64_t time_ns, const std::string& cgroup) {
    seen_in_cgroup(1, "/a.slice");
    table_->apply({.fact = ProcessFact::kChanged,
                   .serial = 2,
                   .other = 1,
                   .pid = 50,
                   .time_ns = time_ns,
                   .since_ns = since_ns});
    seen_in_cgroup(2, cgroup);
  }
  void forks(ImageSerial parent, ImageSerial child, std::uint32_t ppid, std::uint32_t pid,
             std::uint64_t time_ns = 10 * kSecondNs) {
    table_->apply({.fact = ProcessFact::kFork,
                   .serial = child,
                   .other = parent,
                   .pid = pid,
                   .ppid = ppid,
                   .time_ns = time_ns});
  }
  void execs(ImageSerial before, ImageSerial after, std::uint32_t pid, const std::string& comm,
             std::uint64_t time_ns = 11 * kSecondNs) {
    table_->apply({.fact = ProcessFact::kExec,
                   .serial = after,
                   .other = before,
                   .pid = pid,
                   .time_ns = time_ns,
                   .comm = comm});
  }
  void becomes_user(ImageSerial before, ImageSerial after, std::uint32_t pid, std::uint32_t uid) {
    table_->apply({.fact = ProcessFact::kUser,
                   .serial = after,
                   .other = before,
                   .pid = pid,
                   .uid = uid,
                   .time_ns = 12 * kSecondNs});
  }
  void takes_name(ImageSerial before, ImageSerial after, std::uint32_t pid, const std::string& comm) {
    table_->apply({.fact = ProcessFact::kComm,
                   .serial = after,
                   .other = before,
                   .pid = pid,
                   .time_ns = 12 * kSecondNs,
                   .comm = comm});
  }
  void runs(ImageSerial serial, std::uint32_t pid, const std::string& exe) {
    table_->apply({.fact = ProcessFact::kExePath, .serial = serial, .pid = pid, .exe = exe});
  }
  void exits(ImageSerial serial, std::uint32_t pid, std::uint64_t time_ns) {
    table_->apply({.fact = ProcessFact::kExit, .serial = serial, .pid = pid, .time_ns = time_ns});
  }
  static RecordFilter filter(const RecordFilterArguments& arguments) {
    auto parsed = RecordFilter::parse(arguments);
    EXPECT_TRUE(parsed.ok());
    return *parsed;
  }
  ProcessId enter(ImageSerial serial) { return table_->trace_id(serial, trace_.writer()); }
  // Returns their entries in the trace, which it ends.
  std::vector<format::Process> entries_of(std::initializer_list<ImageSerial> serials) {
    std::vector<ProcessId> ids;
    for (const auto serial : serials) ids.push_back(enter(serial));
    const auto trace = trace_.read();
    std::vector<format::Process> entries;
    for (const auto id : ids) entries.push_back(trace.processes.at(id - 1));
    return entries;
  }
  bool in_scope(ImageSerial serial) { return table_->scope_of(serial) == ProcessTable::Scope::kInside; }

  std::optional<ProcessTable> table_{0U};
  MemoryTrace trace_;
};

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

TEST_F(ProcessTableTest, FilterIsAskedAgainWhenMoreIsLearnt) {
  const auto vim = filter({.exe = {"vim"}});
  seen(1, 50, 1, "/bin/sh");
  execs(1, 2, 50, "x");
  EXPECT_NE(table_->accepts(1, vim), Scope::kInside);
  EXPECT_NE(table_->accepts(2, vim), Scope::kInside);
  runs(2, 50, "/usr/bin/vim");
  EXPECT_EQ(table_->accepts(2, vim), Scope::kInside);
  seen(2, 50, 1, "/usr/bin/other");
  EXPECT_NE(table_->accepts(2, vim), Scope::kInside);
}

TEST_F(ProcessTableTest, UserThatWasNeverReadIsNotRoot) {
  const auto root = filter({.user = {"0"}});
  forks(0, 2, 50, 51);
  EXPECT_EQ(table_->accepts(2, root), Scope::kUnknown);
  EXPECT_EQ(table_->accepts(77, root), Scope::kUnknown) << "an image of which nothing is known";
  table_->apply({.serial = 3, .pid = 60, .exe = "/bin/sh"});
  forks(3, 4, 60, 61);
  execs(4, 5, 61, "vim");
  EXPECT_EQ(table_->accepts(5, root), Scope::kInside) << "inherited";
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

TEST_F(ProcessTableTest, ReplacedImageIsForgotten) {
  seen(1, 50, 1, "/bin/sh");
  becomes_user(1, 2, 50, 0);
  table_->expire(100 * kSecondNs);
  EXPECT_EQ(table_->size(), 1U);
  EXPECT_NE(enter(2), 0U);
}

TEST_F(ProcessTableTest, FilterDecidesAnewAfterAChange) {
  const auto root = filter({.user = {"0"}});
  seen(1, 50, 1, "/bin/sh");
  becomes_user(1, 2, 50, 0);
  EXPECT_EQ(table_->accepts(1, root), Scope::kOutside);
  EXPECT_EQ(table_->accepts(2, root), Scope::kInside);
  EXPECT_FALSE(table_->take_doubt()) << "it is known when that was";
}

TEST_F(ProcessTableTest, ChangeSeenLateIsADoubtWhereTheFilterDecidesOtherwise) {
  const auto in_b = filter({.cgroup = {"b.slice"}});
  moves_unseen_to(11 * kSecondNs, 12 * kSecondNs, "/b.slice");
  EXPECT_EQ(table_->accepts(1, in_b), Scope::kOutside);
  EXPECT_EQ(table_->accepts(2, in_b), Scope::kInside);
  const auto doubt = table_->take_doubt();
  ASSERT_TRUE(doubt);
  EXPECT_EQ(doubt->first_ns, 11 * kSecondNs);
  EXPECT_EQ(doubt->last_ns, 12 * kSecondNs);
  EXPECT_FALSE(table_->take_doubt()) << "once";
}

TEST_F(ProcessTableTest, ChangeSeenLateIsNoDoubtWhereNothingHappenedBefore) {
  moves_unseen_to(11 * kSecondNs, 12 * kSecondNs, "/b.slice");
  EXPECT_EQ(table_->accepts(2, filter({.cgroup = {"b.slice"}})), Scope::kInside);
  EXPECT_FALSE(table_->take_doubt());
}

TEST_F(ProcessTableTest, ChangeSeenLateIsNoDoubtWhereTheFilterDecidesAsBefore) {
  moves_unseen_to(11 * kSecondNs, 12 * kSecondNs, "/b.slice");
  EXPECT_EQ(table_->accepts(1, filter({.user = {"0"}})), Scope::kInside);
  EXPECT_EQ(table_->accepts(2, filter({.user = {"0"}})), Scope::kInside);
  EXPECT_FALSE(table_->take_doubt());
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

TEST_F(ProcessTableTest, ScopeFollowsTheTreeOfTheRootAcrossForkAndExec) {
  record_tree_of(100);
  seen(1, 99, 1, "/usr/bin/rfanrec");
  forks(1, 2, 99, 100);
  execs(2, 3, 100, "make");
  forks(3, 4, 100, 101);
  execs(4, 5, 101, "cc");
  forks(5, 6, 101, 102);
  for (const ImageSerial serial : {2U, 3U, 4U, 5U, 6U}) EXPECT_TRUE(in_scope(serial)) << serial;
}

TEST_F(ProcessTableTest, ScopeLeavesOthersOut) {
  record_tree_of(100);
  seen(1, 99, 1, "/usr/bin/rfanrec");
  forks(1, 2, 99, 100);
  forks(1, 3, 99, 200);
  execs(3, 4, 200, "cron");
  seen(5, 300, 1, "/usr/sbin/sshd");
  for (const ImageSerial serial : {1U, 3U, 4U, 5U}) EXPECT_FALSE(in_scope(serial)) << serial;
  EXPECT_FALSE(in_scope(0)) << "somebody unknown is not of the tree";
}

TEST_F(ProcessTableTest, WithoutARootEverythingIsInScope) {
  everything();
  seen(1, 50, 1, "/bin/sh");
  EXPECT_TRUE(in_scope(1));
  EXPECT_TRUE(in_scope(0));
  EXPECT_TRUE(in_scope(77));
}

TEST_F(ProcessTableTest, AncestorsOfTheRootStayOutOfTheTrace) {
  record_tree_of(100);
  seen(1, 99, 1, "/usr/bin/rfanrec");
  forks(1, 2, 99, 100);
  EXPECT_EQ(enter(2), 1U);
  EXPECT_EQ(trace_.read().processes.at(0).parent, 0U);
}

TEST_F(ProcessTableTest, ProcessOfTheTreeReadAgainAfterItsParentEndedStaysInScope) {
  record_tree_of(100);
  seen(1, 100, 99, "/bin/sh");
  forks(1, 2, 100, 101, 7 * kSecondNs);  // the start time that /proc will show
  exits(1, 100, 11 * kSecondNs);
  // After a loss of notifications, the tracker read the daemon again, under a new serial. By now init is its
  // parent.
  seen(3, 101, 1, "/bin/daemon");
  EXPECT_TRUE(in_scope(3));
}

TEST_F(ProcessTableTest, ExpireForgetsEndedProcessesAfterTheGracePeriodOnly) {
  seen(1, 50, 1, "/bin/sh");
  seen(2, 51, 1, "/bin/ls");
  exits(2, 51, 20 * kSecondNs);
  table_->expire(21 * kSecondNs);
  EXPECT_NE(enter(2), 0U) << "events queued before its end still come";
  table_->expire(60 * kSecondNs);
  EXPECT_EQ(enter(2), 0U);
  EXPECT_NE(enter(1), 0U);
  EXPECT_EQ(table_->size(), 1U);
}

TEST_F(ProcessTableTest, ExpireForgetsImagesReplacedByAnExec) {
  seen(1, 50, 1, "/bin/sh");
  execs(1, 2, 50, "vim", 11 * kSecondNs);
  table_->expire(60 * kSecondNs);
  EXPECT_EQ(table_->size(), 1U);
  EXPECT_NE(enter(2), 0U);
}

TEST_F(ProcessTableTest, ReusedPidSurvivesTheEndOfItsFormerOwner) {
  seen(1, 50, 1, "/bin/old");
  exits(1, 50, 20 * kSecondNs);
  forks(0, 2, 1, 50, 21 * kSecondNs);
  table_->expire(60 * kSecondNs);
  seen(3, 51, 50, "/bin/child");
  const auto child = enter(3);
  const auto trace = trace_.read();
  ASSERT_NE(trace.processes.at(child - 1).parent, 0U);
  EXPECT_EQ(trace.processes.at(trace.processes.at(child - 1).parent - 1).pid, 50U);
}

TEST_F(ProcessTableTest, ChildNamesItsParentAfterThatWasForgotten) {
  seen(1, 50, 1, "/bin/sh");
  forks(1, 2, 50, 51);
  const auto parent = enter(2);
  forks(2, 3, 51, 52);
  exits(2, 51, 20 * kSecondNs);
  table_->expire(60 * kSecondNs);
  const auto child = enter(3);
  EXPECT_EQ(trace_.read().processes.at(child - 1).parent, parent) << "and not its grandparent";
}

TEST_F(ProcessTableTest, ExecNamesTheImageBeforeAfterThatWasForgotten) {
  seen(1, 50, 1, "/bin/sh");
  forks(1, 2, 50, 51);
  const auto before = enter(2);
  execs(2, 3, 51, "sleep", 11 * kSecondNs);
  table_->expire(60 * kSecondNs);
  const auto after = enter(3);
  EXPECT_EQ(trace_.read().processes.at(after - 1).parent, before);
}

TEST_F(ProcessTableTest, InTheNextFileAProcessIsEnteredAnewWithItsParent) {
  seen(1, 50, 1, "/bin/sh");
  forks(1, 2, 50, 51);
  enter(2);
  table_->begin_file();
  MemoryTrace next;
  const auto child = table_->trace_id(2, next.writer());
  const auto trace = next.read();
  ASSERT_EQ(trace.processes.size(), 2U);
  EXPECT_EQ(trace.processes.at(trace.processes.at(child - 1).parent - 1).pid, 50U);
}

TEST_F(ProcessTableTest, InTheNextFileTheParentMayRunAnotherProgramByThen) {
  seen(1, 50, 1, "/bin/sh");
  forks(1, 2, 50, 51);
  execs(1, 3, 50, "vim");
  table_->expire(100 * kSecondNs);
  table_->begin_file();
  MemoryTrace next;
  const auto child = table_->trace_id(2, next.writer());
  EXPECT_EQ(next.read().processes.at(child - 1).parent, 1U);
}

TEST_F(ProcessTableTest, InTheNextFileALaterProcessWithItsNumberIsNotTheParent) {
  seen(1, 50, 1, "/bin/sh");
  forks(1, 2, 50, 51);
  exits(1, 50, 11 * kSecondNs);
  table_->expire(100 * kSecondNs);
  forks(0, 9, 1, 50, 101 * kSecondNs);
  table_->begin_file();
  MemoryTrace next;
  const auto child = table_->trace_id(2, next.writer());
  EXPECT_EQ(next.read().processes.at(child - 1).parent, 0U);
}

}  // namespace
}  // namespace rfan::recorder
