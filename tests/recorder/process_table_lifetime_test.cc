#include "tests/recorder/process_table_test.h"

namespace rfan::recorder {
namespace {

TEST_F(ProcessTableTest, ReplacedImageIsForgotten) {
  seen(1, 50, 1, "/bin/sh");
  becomes_user(1, 2, 50, 0);
  table_->expire(100 * kSecondNs);
  EXPECT_EQ(table_->size(), 1U);
  EXPECT_NE(enter(2), 0U);
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
