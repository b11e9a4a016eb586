#include "tests/recorder/process_table_test.h"

namespace rfan::recorder {
namespace {

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

}  // namespace
}  // namespace rfan::recorder
