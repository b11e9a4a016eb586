#include "tests/recorder/process_tracker_test.h"

#include <filesystem>

#include "tests/support/scratch_directory.h"

namespace rfan::recorder {
namespace {

TEST_F(ProcessTrackerTest, RecordedAreTheRootAndItsDescendants) {
  tracker_->watch_scope(nobody_, {});
  forks(1, nobody_);
  forks(nobody_, self_);
  permission(self_);
  EXPECT_TRUE(tracker_->is_recorded(self_)) << "a child of the root";
  execs(self_, "other");
  EXPECT_FALSE(tracker_->is_recorded(self_)) << "nobody knows yet what it runs";
  permission(self_);
  EXPECT_TRUE(tracker_->is_recorded(self_));
}

TEST_F(ProcessTrackerTest, AProcessOutsideOfTheTreeIsNotRecorded) {
  tracker_->watch_scope(nobody_, {});
  permission(self_);
  EXPECT_FALSE(tracker_->is_recorded(self_));
  EXPECT_FALSE(tracker_->is_recorded(nobody_)) << "never seen";
}

TEST_F(ProcessTrackerTest, AProcessThatTheFilterLeavesOutIsNotRecorded) {
  tracker_->watch_scope(0, *RecordFilter::parse({.exe = {"no-such-program"}}));
  permission(self_);
  EXPECT_FALSE(tracker_->is_recorded(self_));
  tracker_->watch_scope(0, *RecordFilter::parse({.exe = {"!no-such-program"}}));
  tracker_->invalidate();
  execs(self_, "again");
  permission(self_);
  EXPECT_TRUE(tracker_->is_recorded(self_));
}

TEST_F(ProcessTrackerTest, UnknownPidIsReadFromProc) {
  const auto serial = permission(self_);
  EXPECT_NE(serial, 0U);
  const auto told_facts = facts();
  ASSERT_EQ(told_facts.size(), 1U);
  EXPECT_EQ(told_facts[0].fact, ProcessFact::kDetails);
  EXPECT_EQ(told_facts[0].serial, serial);
  EXPECT_EQ(told_facts[0].pid, self_);
  EXPECT_EQ(told_facts[0].exe, std::filesystem::canonical("/proc/self/exe").string());
}

TEST_F(ProcessTrackerTest, KnownPidIsNotReadAgain) {
  const auto serial = permission(self_);
  facts();
  EXPECT_EQ(permission(self_), serial);
  EXPECT_EQ(tracker_->process_reads(), 1U);
  EXPECT_TRUE(facts().empty());
}

TEST_F(ProcessTrackerTest, NobodyHasNoImage) {
  EXPECT_EQ(notification(nobody_), 0U);
  EXPECT_EQ(permission(0), 0U);
  EXPECT_EQ(permission(UINT32_MAX), 0U);
  EXPECT_TRUE(facts().empty());
}

TEST_F(ProcessTrackerTest, SeedKnowsWhoRunsAlready) {
  EXPECT_GE(tracker_->seed(), 1U);
  const auto reads = tracker_->process_reads();
  EXPECT_NE(permission(self_), 0U);
  EXPECT_EQ(tracker_->process_reads(), reads);
}

TEST_F(ProcessTrackerTest, ForkGivesANewImageThatFollowsTheParents) {
  const auto parent = permission(self_);
  facts();
  forks(self_, nobody_);
  const auto child = notification(nobody_);
  EXPECT_NE(child, parent);
  const auto told_facts = facts();
  ASSERT_EQ(told_facts.size(), 1U);
  EXPECT_EQ(told_facts[0].fact, ProcessFact::kFork);
  EXPECT_EQ(told_facts[0].serial, child);
  EXPECT_EQ(told_facts[0].other, parent);
  EXPECT_EQ(told_facts[0].pid, nobody_);
  EXPECT_EQ(told_facts[0].ppid, self_);
}

TEST_F(ProcessTrackerTest, ExecGivesANewImageThatFollowsTheOneBefore) {
  forks(self_, nobody_);
  const auto before = notification(nobody_);
  facts();
  execs(nobody_, "vim");
  const auto after = notification(nobody_);
  EXPECT_NE(after, before);
  const auto told_facts = facts();
  ASSERT_EQ(told_facts.size(), 1U);
  EXPECT_EQ(told_facts[0].fact, ProcessFact::kExec);
  EXPECT_EQ(told_facts[0].serial, after);
  EXPECT_EQ(told_facts[0].other, before);
  EXPECT_EQ(told_facts[0].comm, "vim");
}

TEST_F(ProcessTrackerTest, FirstFileMappedAfterAnExecIsTheExecutable) {
  execs(nobody_, "vim");
  const auto serial = notification(nobody_);
  facts();
  maps(nobody_, "[vdso]");
  maps(nobody_, "/usr/bin/vim.basic");
  maps(nobody_, "/lib/ld-linux.so.2");
  const auto told_facts = facts();
  ASSERT_EQ(told_facts.size(), 1U);
  EXPECT_EQ(told_facts[0].fact, ProcessFact::kExePath);
  EXPECT_EQ(told_facts[0].serial, serial);
  EXPECT_EQ(told_facts[0].exe, "/usr/bin/vim.basic");
}

TEST_F(ProcessTrackerTest, AnonymousMemoryIsNoExecutable) {
  execs(nobody_, "vim");
  facts();
  maps(nobody_, "//anon");
  EXPECT_TRUE(facts().empty());
}

TEST_F(ProcessTrackerTest, MappingWithoutAnExecIsALibrary) {
  forks(self_, nobody_);
  facts();
  maps(nobody_, "/lib/plugin.so");
  EXPECT_TRUE(facts().empty());
}

TEST_F(ProcessTrackerTest, ProgramWhoseFileIsUnlinkedIsStillTheSame) {
  const tests::ScratchDirectory scratch;
  const auto program = scratch.file("sleeper");
  std::filesystem::copy_file("/bin/sleep", program);
  const ChildProcess child({program, "100"});
  const auto before = permission(child.pid());
  std::filesystem::remove(program);
  tracker_->invalidate();
  EXPECT_EQ(permission(child.pid()), before);
}

TEST_F(ProcessTrackerTest, EventsOfAnExitedProcessAreItsOwnDuringTheGracePeriod) {
  forks(self_, nobody_);
  const auto serial = notification(nobody_);
  exits(nobody_, 100 * kSecondNs);
  at(101 * kSecondNs);
  EXPECT_EQ(notification(nobody_), serial);
  EXPECT_EQ(facts().back().fact, ProcessFact::kExit);
}

// The side band is drained after the batch was read, so a process of the batch may have ended meanwhile.
TEST_F(ProcessTrackerTest, ExitAfterTheBatchWasReadDoesNotCostTheEventsTheirProcess) {
  forks(self_, nobody_);
  const auto serial = notification(nobody_);
  exits(nobody_, 100 * kSecondNs + 5'000'000);
  at(100 * kSecondNs);
  EXPECT_EQ(notification(nobody_), serial);
}

TEST_F(ProcessTrackerTest, AfterTheGracePeriodThePidMayBeAnyones) {
  forks(self_, nobody_);
  exits(nobody_, 100 * kSecondNs);
  at(110 * kSecondNs);
  EXPECT_EQ(notification(nobody_), 0U);
}

TEST_F(ProcessTrackerTest, ReusedPidIsANewImage) {
  forks(self_, nobody_);
  const auto first = notification(nobody_);
  exits(nobody_);
  forks(self_, nobody_);
  const auto second = notification(nobody_);
  EXPECT_NE(second, first);
  at(110 * kSecondNs);
  EXPECT_EQ(notification(nobody_), second) << "the exit was the former owner's";
}

TEST_F(ProcessTrackerTest, WithoutASideBandEveryBatchReadsAgain) {
  track(false);
  const auto serial = permission(self_);
  permission(self_);
  EXPECT_EQ(tracker_->process_reads(), 1U);
  at(101 * kSecondNs);
  EXPECT_EQ(permission(self_), serial);
  EXPECT_EQ(tracker_->process_reads(), 2U);
}

}  // namespace
}  // namespace rfan::recorder
