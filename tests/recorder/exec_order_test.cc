#include "recorder/processes/exec_order.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/fanotify.h>

#include <memory>
#include <string>

#include "tests/recorder/arena_batches.h"

namespace rfan::recorder {
namespace {

constexpr int kPid = 7;
constexpr ImageSerial kShell = 1;
constexpr ImageSerial kTool = 2;
constexpr ImageSerial kNext = 3;

// A process executes a tool at time 50; before, it was a shell (some tests have another exec at 60). All
// events of a test are in one arena. Notification events were queued from time 0 to 100 unless the test says
// otherwise.
class ExecOrderTest : public ::testing::Test {
 protected:
  ExecOrderTest() { arena_->clear(); }

  void exec(ImageSerial serial, ImageSerial before, std::uint64_t time_ns,
            const std::string& exe = "/bin/tool") {
    order_.add(
        {.fact = ProcessFact::kExec, .serial = serial, .other = before, .pid = kPid, .time_ns = time_ns});
    order_.add({.fact = ProcessFact::kExePath, .serial = serial, .pid = kPid, .exe = exe});
  }
  // The pid comes again.
  void fork(ImageSerial serial, std::uint64_t time_ns) {
    order_.add(
        {.fact = ProcessFact::kFork, .serial = serial, .other = kShell, .pid = kPid, .time_ns = time_ns});
  }
  void takes_another_name(ImageSerial serial, ImageSerial before, std::uint64_t time_ns) {
    order_.add(
        {.fact = ProcessFact::kComm, .serial = serial, .other = before, .pid = kPid, .time_ns = time_ns});
  }
  void becomes_another_user(ImageSerial serial, ImageSerial before, std::uint64_t time_ns) {
    order_.add(
        {.fact = ProcessFact::kUser, .serial = serial, .other = before, .pid = kPid, .time_ns = time_ns});
  }
  // Each of these returns the position of its event.
  std::uint64_t create() {
    return add(notification(FAN_CREATE, "f"), Arena::Source::kNotificationGroup, 0, 100);
  }
  std::uint64_t notified_exec(const std::string& name, std::uint64_t more = 0) {
    return add(notification(FAN_OPEN | FAN_OPEN_EXEC | more, name), Arena::Source::kNotificationGroup, 0,
               100);
  }
  std::uint64_t close_between(std::uint64_t since_ns, std::uint64_t until_ns,
                              bool follows_notifications = true) {
    KernelBytes bytes;
    bytes.event(FAN_CLOSE_NOWRITE, 3, kPid);
    const auto position = add(bytes, Arena::Source::kPermissionGroup, since_ns, until_ns);
    arena_->batches[arena_->batch_count - 1].follows_notifications = follows_notifications;
    return position;
  }
  std::uint64_t create_between(std::uint64_t since_ns, std::uint64_t until_ns) {
    return add(notification(FAN_CREATE, "f"), Arena::Source::kNotificationGroup, since_ns, until_ns);
  }
  std::uint64_t permission(std::uint64_t mask, std::uint64_t read_ns, bool follows_notifications = true) {
    KernelBytes bytes;
    bytes.event(mask, 3, kPid);
    const auto position = add(bytes, Arena::Source::kPermissionGroup, read_ns, read_ns);
    auto& batch = arena_->batches[arena_->batch_count - 1];
    batch.read_ns = read_ns;
    batch.answered_ns = read_ns + 1;
    batch.follows_notifications = follows_notifications;
    return position;
  }
  // Returns "shell", "tool" or "next", with a question mark if the process is uncertain.
  std::string of(std::uint64_t position, ImageSerial latest = kTool) {
    if (!begun_) order_.begin_arena(*arena_, 0);
    begun_ = true;
    const auto answer = order_.image_of(kPid, latest, arena_->batches[position - 1], position);
    static const std::string kNames[] = {"", "shell", "tool", "next"};
    return kNames[answer.image] + (answer.certain ? "" : "?");
  }

  // The change is at time 50.
  void expect_permission_events_to_tell_of_the_change() {
    const auto before = create();
    permission(FAN_OPEN_PERM, 40);
    const auto between = create();
    permission(FAN_OPEN_PERM, 60);
    const auto after = create();
    EXPECT_EQ(of(before), "shell");
    EXPECT_EQ(of(between), "tool?");
    EXPECT_EQ(of(after), "tool");
  }

 private:
  static KernelBytes notification(std::uint64_t mask, const std::string& name) {
    return KernelBytes().notification(mask, kPid, name);
  }
  std::uint64_t add(const KernelBytes& events, Arena::Source source, std::uint64_t since_ns,
                    std::uint64_t until_ns) {
    add_batch(*arena_, events,
              {.first_event = 0,
               .source = source,
               .follows_notifications = true,
               .since_ns = since_ns,
               .until_ns = until_ns,
               .read_ns = until_ns,
               .answered_ns = until_ns});
    return arena_->event_count;
  }

  std::unique_ptr<Arena> arena_ = std::make_unique<Arena>();
  ExecOrder order_;
  bool begun_ = false;
};

// The notifications of a turn are entered first, whichever queue has the older events.
TEST_F(ExecOrderTest, ACloseIsNotLaterThanAnExecOfTheOtherQueueBecauseItWasReadLater) {
  exec(kTool, kShell, 50);
  const auto before = close_between(20, 80);
  notified_exec("tool");
  const auto after = close_between(20, 80);
  EXPECT_EQ(of(before), "shell");
  EXPECT_EQ(of(after), "tool?");
}

TEST_F(ExecOrderTest, ACloseIsNotEarlierThanAnExecThatMayHaveWaitedToBeRead) {
  exec(kTool, kShell, 50);
  const auto close = close_between(20, 80, false);
  notified_exec("tool");
  EXPECT_EQ(of(close), "tool?");
}

TEST_F(ExecOrderTest, EventsOfTheProcessThatHadThePidBeforeAreItsOwn) {
  exec(kTool, kShell, 50);
  const auto before = create_between(60, 80);
  const auto around = create_between(80, 120);
  const auto after = create_between(120, 140);
  fork(kNext, 100);
  EXPECT_EQ(of(before, kNext), "tool");
  EXPECT_EQ(of(around, kNext), "next?");
  EXPECT_EQ(of(after, kNext), "next");
}

TEST_F(ExecOrderTest, WithoutAnExecAnEventIsOfTheProgramThatRuns) {
  const auto event = create();
  EXPECT_EQ(of(event), "tool");
}

TEST_F(ExecOrderTest, AnExecBeforeOrAfterTheReadsIsNoDoubt) {
  exec(kTool, kShell, 50);
  const auto before = create_between(10, 49);
  const auto after = create_between(50, 90);
  EXPECT_EQ(of(before), "shell");
  EXPECT_EQ(of(after), "tool");
}

TEST_F(ExecOrderTest, AnExecBetweenTheReadsAloneIsInDoubt) {
  exec(kTool, kShell, 50);
  const auto event = create();
  EXPECT_EQ(of(event), "tool?");
}

TEST_F(ExecOrderTest, TheHeldEventOfTheExecTells) {
  exec(kTool, kShell, 50);
  const auto before = create();
  permission(FAN_OPEN_EXEC_PERM, 40);
  const auto after = create();
  EXPECT_EQ(of(before), "shell");
  EXPECT_EQ(of(after), "tool");
}

TEST_F(ExecOrderTest, BehindAHeldExecThatWasReadTooEarlyThereIsDoubt) {
  exec(kTool, kShell, 50);
  const auto before = create();
  permission(FAN_OPEN_EXEC_PERM, 40, false);
  const auto after = create();
  EXPECT_EQ(of(before), "shell");
  EXPECT_EQ(of(after), "tool?");
}

TEST_F(ExecOrderTest, AHeldOpenTellsTheTime) {
  exec(kTool, kShell, 50);
  expect_permission_events_to_tell_of_the_change();
}

TEST_F(ExecOrderTest, AnExecThatIsNotHeldAfterOneThatWasIsInDoubt) {
  exec(kTool, kShell, 50);
  exec(kNext, kTool, 60, "/overlay/next");
  permission(FAN_OPEN_EXEC_PERM, 40);
  const auto event = create();
  EXPECT_EQ(of(event, kNext), "next?");
}

TEST_F(ExecOrderTest, TheNotificationOfTheExecTells) {
  exec(kTool, kShell, 50);
  const auto before = create();
  notified_exec("tool");
  notified_exec("ld.so");
  const auto after = create();
  EXPECT_EQ(of(before), "shell");
  EXPECT_EQ(of(after), "tool");
}

TEST_F(ExecOrderTest, AChangeOfUserAfterTheExecHidesItNot) {
  exec(kTool, kShell, 50);
  becomes_another_user(kNext, kTool, 60);
  const auto before = create();
  permission(FAN_OPEN_EXEC_PERM, 40);
  const auto after = create();
  EXPECT_EQ(of(before, kNext), "shell");
  EXPECT_EQ(of(after, kNext), "next?");
}

TEST_F(ExecOrderTest, AHeldOpenTellsWhetherTheUserHadChanged) {
  becomes_another_user(kTool, kShell, 50);
  expect_permission_events_to_tell_of_the_change();
}

TEST_F(ExecOrderTest, AnotherNameIsNoDoubt) {
  takes_another_name(kTool, kShell, 50);
  const auto event = create();
  permission(FAN_OPEN_PERM, 60);
  EXPECT_EQ(of(event), "tool");
}

TEST_F(ExecOrderTest, AnExecMergedIntoAnEarlierOpenTellsOnlyOfWhatCameBefore) {
  exec(kTool, kShell, 50);
  const auto before = create();
  notified_exec("tool", FAN_CLOSE_NOWRITE);
  const auto after = create();
  EXPECT_EQ(of(before), "shell");
  EXPECT_EQ(of(after), "tool?");
}

TEST_F(ExecOrderTest, EachOfTwoProgramsHasItsEvent) {
  exec(kTool, kShell, 50);
  exec(kNext, kTool, 60, "/bin/next");
  const auto first = create();
  notified_exec("tool");
  const auto second = create();
  notified_exec("next");
  const auto third = create();
  EXPECT_EQ(of(first, kNext), "shell");
  EXPECT_EQ(of(second, kNext), "tool");
  EXPECT_EQ(of(third, kNext), "next");
}

TEST_F(ExecOrderTest, TheSameProgramTwiceHasTwoEvents) {
  exec(kTool, kShell, 50);
  exec(kNext, kTool, 60);
  notified_exec("tool");
  const auto between = create();
  notified_exec("tool");
  const auto after = create();
  EXPECT_EQ(of(between, kNext), "tool");
  EXPECT_EQ(of(after, kNext), "next");
}

TEST_F(ExecOrderTest, AFailedAttemptBeforeTheExecLeavesADoubtBetween) {
  exec(kTool, kShell, 50);
  notified_exec("tool");
  const auto between = create();
  notified_exec("tool");
  const auto after = create();
  EXPECT_EQ(of(between), "tool?");
  EXPECT_EQ(of(after), "tool");
}

}  // namespace
}  // namespace rfan::recorder
