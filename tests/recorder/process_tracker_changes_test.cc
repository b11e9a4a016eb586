#include "tests/recorder/process_tracker_test.h"

#include <signal.h>
#include <sys/prctl.h>

namespace rfan::recorder {
namespace {

// These tests have no process connector, so the user comes from the kernel only by looking.
class UntoldChangeTest : public ProcessTrackerTest {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "SKIPPED: only root can become another user";
    at(begin_ns());
    process_.emplace([] { ::signal(SIGUSR1, [](int) { (void)!::setresuid(65534, 65534, 65534); }); });
    before_ = permission(process_->pid());
    ::kill(static_cast<pid_t>(process_->pid()), SIGUSR1);
    auto reader = ProcReader::open(0);
    for (ProcessRecord record; record.uid != 65534; ::usleep(1000))
      ASSERT_TRUE(reader->read(process_->pid(), record));
    facts();
  }
  virtual std::uint64_t begin_ns() const { return 100 * kSecondNs; }
  // Expects that the earlier events belong to the former user.
  void expect_another_image(ImageSerial after) {
    EXPECT_NE(after, before_);
    const auto told_facts = facts();
    ASSERT_EQ(told_facts.size(), 2U);
    EXPECT_EQ(told_facts[0].fact, ProcessFact::kChanged);
    EXPECT_EQ(told_facts[0].serial, after);
    EXPECT_EQ(told_facts[0].other, before_);
    EXPECT_EQ(told_facts[0].since_ns, begin_ns());
    EXPECT_EQ(told_facts[1].fact, ProcessFact::kDetails);
    EXPECT_EQ(told_facts[1].serial, after);
    EXPECT_EQ(told_facts[1].uid, 65534U);
  }

  std::optional<ChildProcess> process_;
  ImageSerial before_ = 0;
};

TEST_F(UntoldChangeTest, IsSeenWhenTheProcessExecutes) {
  EXPECT_EQ(permission(process_->pid()), before_);
  expect_another_image(tracker_->attribute_permission(process_->pid(), true));
}

TEST_F(UntoldChangeTest, IsSeenAtAHeldOpenATenthOfASecondAfterTheLastLook) {
  at(100 * kSecondNs + 99'000'000);
  EXPECT_EQ(permission(process_->pid()), before_);
  at(100 * kSecondNs + 100'000'000);
  expect_another_image(permission(process_->pid()));
  const auto reads = tracker_->process_reads();
  permission(process_->pid());
  EXPECT_EQ(tracker_->process_reads(), reads);
}

TEST_F(UntoldChangeTest, IsSeenAfterAnEventThatNobodyWaitsFor) {
  at(101 * kSecondNs);
  EXPECT_EQ(notification(process_->pid()), before_);
  read_unread();
  expect_another_image(notification(process_->pid()));
}

// The time of a look is stored as milliseconds in 32 bits.
class UntoldChangeAfterFiftyDaysTest : public UntoldChangeTest {
 protected:
  std::uint64_t begin_ns() const override { return std::uint64_t{50 * 24 * 3600} * kSecondNs; }
};

TEST_F(UntoldChangeAfterFiftyDaysTest, IsSeenSinceTheLastLook) {
  at(begin_ns() + 100'000'000);
  expect_another_image(permission(process_->pid()));
}

TEST_F(UntoldChangeTest, IsSeenAfterALoss) {
  notifications_lost(1);
  EXPECT_NE(permission(process_->pid()), before_);
}

TEST_F(ProcessTrackerTest, ProcessWithTheIdsItHadKeepsItsImageAndIsNotRead) {
  const auto serial = permission(self_);
  at(101 * kSecondNs);
  EXPECT_EQ(permission(self_), serial);
  at(102 * kSecondNs);
  EXPECT_EQ(notification(self_), serial);
  read_unread();
  EXPECT_EQ(notification(self_), serial);
  EXPECT_EQ(tracker_->process_reads(), 1U);
}

TEST_F(ProcessTrackerTest, BecomingAnotherUserMakesANewImage) {
  const auto before = permission(self_);
  facts();
  becomes_user(self_, 1234);
  const auto after = notification(self_);
  EXPECT_NE(after, before);
  const auto told_facts = facts();
  ASSERT_EQ(told_facts.size(), 1U);
  EXPECT_EQ(told_facts[0].fact, ProcessFact::kUser);
  EXPECT_EQ(told_facts[0].serial, after);
  EXPECT_EQ(told_facts[0].other, before);
  EXPECT_EQ(told_facts[0].uid, 1234U);
  EXPECT_EQ(told_facts[0].time_ns, 100 * kSecondNs);
}

// Only the effective ids changed, as in file servers with every request.
TEST_F(ProcessTrackerTest, StayingTheSameUserMakesNoNewImage) {
  const auto serial = permission(self_);
  becomes_user(self_, ::getuid());
  EXPECT_EQ(notification(self_), serial);
}

TEST_F(ProcessTrackerTest, TakingANameMakesANewImage) {
  const auto before = permission(self_);
  facts();
  takes_name(self_, "worker");
  const auto told_facts = facts();
  ASSERT_EQ(told_facts.size(), 1U);
  EXPECT_EQ(told_facts[0].fact, ProcessFact::kComm);
  EXPECT_EQ(told_facts[0].serial, notification(self_));
  EXPECT_EQ(told_facts[0].other, before);
  EXPECT_EQ(told_facts[0].comm, "worker");
}

TEST_F(ProcessTrackerTest, WhetherAChangedProcessIsRecordedIsDecidedAnew) {
  tracker_->watch_scope(0, *RecordFilter::parse({.user = {std::to_string(::getuid())}}));
  permission(self_);
  EXPECT_TRUE(tracker_->is_recorded(self_));
  becomes_user(self_, 1234);
  EXPECT_FALSE(tracker_->is_recorded(self_)) << "nobody knows yet";
  permission(self_);
  EXPECT_TRUE(tracker_->is_recorded(self_)) << "as /proc says";
}

TEST_F(ProcessTrackerTest, AfterALossAHeldForkIsReadAtOnce) {
  permission(self_);
  notifications_lost(1);
  hold_a_fork();
  EXPECT_EQ(tracker_->process_reads(), 2U);
}

TEST_F(ProcessTrackerTest, AfterALossProcessesAreReadAgainButKeepTheirImage) {
  const auto serial = permission(self_);
  facts();
  notifications_lost(643);
  EXPECT_EQ(permission(self_), serial);
  EXPECT_EQ(tracker_->process_reads(), 2U);
  EXPECT_TRUE(facts().empty());
  permission(self_);
  EXPECT_EQ(tracker_->process_reads(), 2U);
}

TEST_F(ProcessTrackerTest, AfterALossAChangedProcessIsANewImage) {
  const auto serial = permission(self_);
  facts();
  char name[16] = {};
  ::prctl(PR_GET_NAME, name);
  ::prctl(PR_SET_NAME, "somebody else");
  notifications_lost(1);
  EXPECT_NE(permission(self_), serial);
  ::prctl(PR_SET_NAME, name);
  EXPECT_EQ(facts().at(0).comm, "somebody else");
}

TEST_F(ProcessTrackerTest, AfterALossAProcessThatIsGoneKeepsItsImage) {
  forks(self_, nobody_);
  const auto serial = notification(nobody_);
  notifications_lost(1);
  EXPECT_EQ(notification(nobody_), serial);
}

TEST_F(ProcessTrackerTest, LossesAreCountedUntilTaken) {
  notifications_lost(643);
  notifications_lost(7);
  EXPECT_EQ(tracker_->take_lost(), 650U);
  EXPECT_EQ(tracker_->take_lost(), 0U);
}

TEST_F(ProcessTrackerTest, FactThatDoesNotFitIsALoss) {
  std::uint64_t forked = 0;
  while (tracker_->take_lost() == 0 && forked < 1'000'000) {
    forks(self_, nobody_);
    ++forked;
  }
  EXPECT_EQ(facts().size(), forked - 1);
}

}  // namespace
}  // namespace rfan::recorder
