#include "recorder/processes/process_tracker.h"

#include <alloca.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "tests/recorder/child_process.h"
#include "tests/support/scratch_directory.h"

namespace rfan::recorder {
namespace {

using Type = PerfRecord::Type;

constexpr std::uint64_t kSecondNs = 1'000'000'000;

class ProcessTrackerTest : public ::testing::Test {
 protected:
  // A fact from the log, with copies of the strings.
  struct Fact {
    ProcessFact fact;
    ImageSerial serial, other;
    std::uint32_t pid, ppid;
    std::string comm, exe;
    std::uint8_t flags;
    std::uint32_t uid;
    std::uint64_t time_ns, since_ns;
  };

  ProcessTrackerTest() { track(true); }

  void track(bool side_band) {
    tracker_.reset();
    auto log = ProcessLog::create();
    ASSERT_TRUE(log.ok());
    log_.emplace(std::move(*log));
    auto reader = ProcReader::open(0);
    ASSERT_TRUE(reader.ok());
    auto tracker = ProcessTracker::create(*log_, std::move(*reader), side_band);
    ASSERT_TRUE(tracker.ok());
    tracker_.emplace(std::move(*tracker));
    at(100 * kSecondNs);
  }
  ImageSerial notification(std::uint32_t pid) { return tracker_->attribute_notification(pid); }
  ImageSerial permission(std::uint32_t pid) { return tracker_->attribute_permission(pid, false); }
  void hold_a_fork() {
    const ChildProcess child([] {});
    forks(self_, child.pid());
    permission(child.pid());
  }
  void read_unread() {
    while (tracker_->has_unread()) tracker_->read_later([] {});
  }
  void at(std::uint64_t now_ns) { tracker_->begin_batch(now_ns); }
  void forks(std::uint32_t ppid, std::uint32_t pid) {
    tracker_->apply({.type = Type::kFork, .pid = pid, .ppid = ppid, .time_ns = 100 * kSecondNs, .text = {}});
  }
  void execs(std::uint32_t pid, const char* comm) {
    tracker_->apply({.type = Type::kExec, .pid = pid, .time_ns = 100 * kSecondNs, .text = comm});
  }
  void takes_name(std::uint32_t pid, const char* comm) {
    tracker_->apply({.type = Type::kComm, .pid = pid, .time_ns = 100 * kSecondNs, .text = comm});
  }
  void becomes_user(std::uint32_t pid, std::uint32_t uid) {
    tracker_->apply(
        {.type = Type::kUser, .pid = pid, .id = uid, .time_ns = 100 * kSecondNs, .lost = 0, .text = {}});
  }
  void maps(std::uint32_t pid, const char* path) {
    tracker_->apply({.type = Type::kMapping, .pid = pid, .time_ns = 100 * kSecondNs, .text = path});
  }
  void exits(std::uint32_t pid, std::uint64_t time_ns = 100 * kSecondNs) {
    tracker_->apply({.type = Type::kExit, .pid = pid, .time_ns = time_ns, .text = {}});
  }
  void notifications_lost(std::uint64_t count) {
    tracker_->apply({.type = Type::kLost, .lost = count, .text = {}});
  }

  std::vector<Fact> facts() {
    std::vector<Fact> out;
    while (const auto record = log_->peek(log_->position())) {
      out.push_back({record->fact, record->serial, record->other, record->pid, record->ppid,
                     std::string(record->comm), std::string(record->exe), record->flags, record->uid,
                     record->time_ns, record->since_ns});
      log_->pop();
    }
    return out;
  }

  std::optional<ProcessLog> log_;
  std::optional<ProcessTracker> tracker_;
  const std::uint32_t self_ = static_cast<std::uint32_t>(::getpid());
  const std::uint32_t nobody_ = pid_of_nobody();
};

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
