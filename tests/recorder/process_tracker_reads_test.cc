#include "tests/recorder/process_tracker_test.h"

#include <alloca.h>
#include <sys/mman.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <sstream>

namespace rfan::recorder {
namespace {

TEST_F(ProcessTrackerTest, HeldProcessIsReadOnceAfterItsExec) {
  permission(self_);
  execs(self_, "other");
  facts();
  const auto serial = permission(self_);
  const auto told_facts = facts();
  ASSERT_EQ(told_facts.size(), 1U);
  EXPECT_EQ(told_facts[0].fact, ProcessFact::kDetails);
  EXPECT_EQ(told_facts[0].serial, serial) << "details are of the image that the side band told of";
  EXPECT_EQ(permission(self_), serial);
  EXPECT_TRUE(facts().empty());
}

TEST_F(ProcessTrackerTest, ProcessThatIsNotHeldIsNotReadForDetails) {
  forks(nobody_, self_);
  facts();
  notification(self_);
  EXPECT_FALSE(tracker_->has_unread()) << "its program is its parent's";
  EXPECT_EQ(tracker_->process_reads(), 0U);
  EXPECT_TRUE(facts().empty());
}

TEST_F(ProcessTrackerTest, ProgramThatIsNotHeldIsReadOnceWhenThereIsTime) {
  execs(self_, "other");
  const auto serial = notification(self_);
  notification(self_);
  EXPECT_EQ(tracker_->process_reads(), 0U);
  facts();
  read_unread();
  const auto told_facts = facts();
  ASSERT_EQ(told_facts.size(), 1U);
  EXPECT_EQ(told_facts[0].fact, ProcessFact::kDetails);
  EXPECT_EQ(told_facts[0].serial, serial);
  notification(self_);
  EXPECT_FALSE(tracker_->has_unread());
}

TEST_F(ProcessTrackerTest, ProgramThatIsGoneBeforeItIsReadIsNotRead) {
  execs(self_, "first");
  notification(self_);
  execs(self_, "second");
  read_unread();
  EXPECT_EQ(tracker_->process_reads(), 0U);
  notification(self_);
  exits(self_);
  read_unread();
  EXPECT_EQ(tracker_->process_reads(), 0U);
}

TEST_F(ProcessTrackerTest, WhatWasReadOfAProgramThatChangedMeanwhileDoesNotCount) {
  execs(self_, "first");
  notification(self_);
  facts();
  tracker_->read_later([this] { execs(self_, "second"); });
  const auto told_facts = facts();
  ASSERT_EQ(told_facts.size(), 1U);
  EXPECT_EQ(told_facts[0].fact, ProcessFact::kExec);
  notification(self_);
  EXPECT_TRUE(tracker_->has_unread()) << "the second is to be read as well";
}

// Makes the arguments of this process unreadable, as those of an exec are before it is finished. They lie at
// the top of the stack.
void hide_arguments() {
  std::ifstream file("/proc/self/stat");
  std::string stat((std::istreambuf_iterator<char>(file)), {});
  std::istringstream fields(stat.substr(stat.rfind(')') + 2));  // begins with field 3
  std::string arg_start;                                        // field 48 (proc_pid_stat(5))
  for (int field = 3; field <= 48; ++field) fields >> arg_start;
  constexpr std::uintptr_t kPageBytes = 4096;
  auto* page = reinterpret_cast<void*>(std::stoul(arg_start) & ~(kPageBytes - 1));
  ::mprotect(page, kPageBytes, PROT_NONE);
}

TEST_F(ProcessTrackerTest, ProgramThatIsReadAmidItsExecIsReadAgain) {
  // Sets what the child still uses of the stack apart from the arguments.
  *static_cast<volatile char*>(::alloca(1 << 16)) = 0;
  const ChildProcess child(hide_arguments);
  execs(child.pid(), "other");
  notification(child.pid());
  facts();
  read_unread();
  EXPECT_EQ(tracker_->process_reads(), 1U);
  EXPECT_TRUE(facts().empty()) << "it had no arguments yet";
  notification(child.pid());
  read_unread();
  const auto known = facts();
  ASSERT_EQ(known.size(), 1U) << "it hides its arguments";
  EXPECT_EQ(known[0].fact, ProcessFact::kDetails);
}

TEST_F(ProcessTrackerTest, ProgramThatFoundNoRoomIsReadAfterItsNextEvent) {
  std::uint32_t others = 0;
  for (std::uint32_t pid = 1; others < 1000; ++pid) {
    if (pid == self_) continue;
    execs(pid, "one of many");
    notification(pid);
    ++others;
  }
  execs(self_, "other");
  const auto serial = notification(self_);
  const auto is_read = [&] {
    read_unread();
    return std::ranges::any_of(facts(), [&](const Fact& fact) {
      return fact.fact == ProcessFact::kDetails && fact.serial == serial;
    });
  };
  EXPECT_FALSE(is_read());
  notification(self_);
  EXPECT_TRUE(is_read());
}

TEST_F(ProcessTrackerTest, ProgramThatIsUnreadWhenFactsAreLostIsNotReadForItsOldImage) {
  execs(self_, "other");
  notification(self_);
  notifications_lost(1);
  read_unread();
  EXPECT_EQ(tracker_->process_reads(), 0U);
}

TEST_F(ProcessTrackerTest, HeldForkWithTheIdsOfItsParentIsReadWhenThereIsTime) {
  permission(self_);
  const ChildProcess child([] {});
  forks(self_, child.pid());
  facts();
  const auto serial = permission(child.pid());
  permission(child.pid());
  EXPECT_TRUE(facts().empty());
  EXPECT_EQ(tracker_->process_reads(), 1U) << "of the parent";
  read_unread();
  const auto told_facts = facts();
  ASSERT_EQ(told_facts.size(), 1U);
  EXPECT_EQ(told_facts[0].fact, ProcessFact::kDetails);
  EXPECT_EQ(told_facts[0].serial, serial);
}

TEST_F(ProcessTrackerTest, HeldForkThatExecutesIsNotReadWhenItHasTheIdsOfItsParent) {
  permission(self_);
  const ChildProcess child([] {});
  forks(self_, child.pid());
  tracker_->attribute_permission(child.pid(), true);
  EXPECT_FALSE(tracker_->has_unread());
  EXPECT_EQ(tracker_->process_reads(), 1U) << "of the parent";
}

TEST_F(ProcessTrackerTest, HeldForkWithOtherIdsThanItsParentIsReadAtOnce) {
  if (::geteuid() != 0) GTEST_SKIP() << "SKIPPED: only root can become another user";
  permission(self_);
  const ChildProcess child([] { (void)!::setresuid(65534, 65534, 65534); });
  forks(self_, child.pid());
  facts();
  const auto serial = permission(child.pid());
  const auto told_facts = facts();
  ASSERT_EQ(told_facts.size(), 2U);
  EXPECT_EQ(told_facts[0].fact, ProcessFact::kChanged);
  EXPECT_EQ(told_facts[1].fact, ProcessFact::kDetails);
  EXPECT_EQ(told_facts[1].serial, serial);
}

TEST_F(ProcessTrackerTest, ProgramThatChangedBeforeItWasReadIsReadAfterItsNextEvent) {
  execs(self_, "other");
  notification(self_);
  takes_name(self_, "worker");
  read_unread();
  EXPECT_EQ(tracker_->process_reads(), 0U);
  notification(self_);
  read_unread();
  EXPECT_EQ(tracker_->process_reads(), 1U);
}

TEST_F(ProcessTrackerTest, HeldForkOfAParentThatWasNotReadIsReadAtOnce) {
  execs(self_, "other");
  hold_a_fork();
  EXPECT_EQ(tracker_->process_reads(), 1U);
}

TEST_F(ProcessTrackerTest, ProgramWhoseForkHadToBeReadIsReadOnceForAllOthers) {
  execs(self_, "other");
  hold_a_fork();
  read_unread();
  EXPECT_EQ(tracker_->process_reads(), 2U) << "the fork, the program";
  hold_a_fork();
  EXPECT_EQ(tracker_->process_reads(), 2U);
}

TEST_F(ProcessTrackerTest, HeldForkThatTookAnotherNameNeedNotBeReadAtOnce) {
  permission(self_);
  const ChildProcess child([] {});
  forks(self_, child.pid());
  takes_name(child.pid(), "worker");
  permission(child.pid());
  EXPECT_EQ(tracker_->process_reads(), 1U);
}

TEST_F(ProcessTrackerTest, ForkThatChangedBeforeItIsReadRemainsAsItsEventsWereRecorded) {
  permission(self_);
  const ChildProcess child([] {});
  forks(self_, child.pid());
  permission(child.pid());
  takes_name(child.pid(), "worker");
  facts();
  read_unread();
  EXPECT_TRUE(facts().empty());
}

}  // namespace
}  // namespace rfan::recorder
