#include "recorder/threads/capture_turns.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <random>
#include <vector>

#include "recorder/threads/write_loop.h"
#include "tests/recorder/memory_trace.h"
#include "tests/recorder/threads/fake_kernel.h"
#include "tests/support/test_seed.h"

namespace rfan::recorder {
namespace {

constexpr std::uint64_t kMs = 1'000'000;
constexpr int kSomebody = 4'000'000;  // a pid that no process has

// The test plays the kernel and, where it has no WriteLoop, the writer thread.
class CaptureTurnsTest : public ::testing::Test {
 protected:
  CaptureTurnsTest() {
    arenas_ = std::move(*ArenaPool::create());
    log_.emplace(std::move(*ProcessLog::create()));
    auto tracker = ProcessTracker::create(*log_, std::move(*ProcReader::open(0)), true);
    processes_.emplace(std::nullopt, std::move(*tracker), false);
    turns_ = std::make_unique<CaptureTurns>(
        CaptureTurns::Options{.descriptor_budget = kDescriptors},
        CaptureTurns::Sources{&permissions_, &permissions_, &notifications_}, *processes_,
        CaptureTurns::Surroundings{*arenas_, *log_, live_, clock_, [this] { ++beats_; }});
  }
  ~CaptureTurnsTest() override {
    while (Arena* arena = arenas_->take_filled(0)) give_back(arena);
  }

  CaptureTurns::Turn turn() { return turns_->make_room(stopping_) ? turns_->take({}) : turns_->drop(); }
  // The writer thread has every arena but those that were filled.
  void take_every_arena() {
    while (Arena* arena = arenas_->take_free()) kept_.push_back(arena);
  }
  void give_back_every_arena() {
    for (Arena* arena : kept_) arenas_->give_back(arena);
    kept_.clear();
  }
  void give_back(Arena* arena) {
    for (const auto& event : std::span(arena->events).first(arena->event_count)) {
      if (event.kernel.fd < 0) continue;
      ::close(event.kernel.fd);
      --arenas_->open_descriptors;
    }
    arena->clear();
    arenas_->give_back(arena);
  }
  const Arena::Missing& missing() const { return turns_->arena().missing(); }

  static constexpr std::int64_t kDescriptors = 100;
  FakeClock clock_;
  FakePermissions permissions_;
  FakeNotifications notifications_;
  LiveStatistics live_;
  std::unique_ptr<ArenaPool> arenas_;
  std::optional<ProcessLog> log_;
  std::optional<ProcessWatch> processes_;
  std::unique_ptr<CaptureTurns> turns_;
  std::atomic<bool> stopping_ = false;
  std::vector<Arena*> kept_;
  int beats_ = 0;
};

TEST_F(CaptureTurnsTest, EveryOpenerIsAnsweredInTheTurnThatReadsIt) {
  for (int i = 0; i < 50; ++i) permissions_.open_by(kSomebody + i);
  const auto found = turn();
  EXPECT_EQ(found.openers, 50);
  EXPECT_EQ(permissions_.waiting(), 0U);
  EXPECT_EQ(live_.seen, 50U);
  EXPECT_EQ(arenas_->open_descriptors, 50) << "the writer closes them";
}

TEST_F(CaptureTurnsTest, NothingQueuedIsNoEvent) {
  EXPECT_EQ(turn().found, CaptureTurns::Found::kNothing);
  EXPECT_FALSE(turns_->arena().has_events());
}

TEST_F(CaptureTurnsTest, NotificationsOfAWaitingProcessAreEnteredBeforeItsOpen) {
  permissions_.open_by(kSomebody);
  notifications_.queue().add(KernelBytes().notification(FAN_CREATE, kSomebody, "file"));
  turn();
  turns_->arena().publish();
  Arena* arena = arenas_->take_filled(0);
  ASSERT_EQ(arena->batch_count, 2U);
  EXPECT_EQ(arena->batches[0].source, Arena::Source::kNotificationGroup);
  EXPECT_EQ(arena->batches[1].source, Arena::Source::kPermissionGroup);
  EXPECT_TRUE(arena->batches[1].follows_notifications);
  give_back(arena);
}

// More than one read() takes: 16 KiB.
TEST_F(CaptureTurnsTest, AnExecIsAnsweredWhenAllNotificationsBeforeItWereRead) {
  constexpr int kMany = 1'000;
  for (int i = 0; i < kMany; ++i)
    notifications_.queue().add(KernelBytes().notification(FAN_CREATE, kSomebody, "file"));
  permissions_.queue().add(KernelBytes().event(FAN_OPEN_EXEC_PERM, 1'000'000, kSomebody));
  bool all_were_read = false;
  permissions_.before_answer([&] { all_were_read = notifications_.queue().empty(); });
  EXPECT_EQ(turn().notified, static_cast<std::size_t>(kMany));
  EXPECT_TRUE(all_were_read);
}

TEST_F(CaptureTurnsTest, WithoutAnArenaOpenersWaitAQuarterOfASecondAndAreThenLost) {
  take_every_arena();
  permissions_.open_by(kSomebody);
  const auto before_ns = clock_.now_ns();
  EXPECT_EQ(turn().found, CaptureTurns::Found::kEvents);
  EXPECT_EQ((clock_.now_ns() - before_ns) / kMs, 250U);
  EXPECT_GT(beats_, 0) << "the guardian must not take it for dead";
  EXPECT_EQ(permissions_.waiting(), 0U);
  EXPECT_EQ(missing().dropped, 1U);
  EXPECT_EQ(live_.dropped, 1U);
  EXPECT_EQ(live_.seen, 1U);
}

TEST_F(CaptureTurnsTest, TheNextOpenersOfAShortageDoNotWait) {
  take_every_arena();
  permissions_.open_by(kSomebody);
  turn();
  permissions_.open_by(kSomebody);
  const auto before_ns = clock_.now_ns();
  turn();
  EXPECT_EQ(clock_.now_ns(), before_ns);
  EXPECT_EQ(missing().dropped, 2U);
}

TEST_F(CaptureTurnsTest, LossesOfAShortageAreToldWithTheNextArena) {
  take_every_arena();
  permissions_.open_by(kSomebody);
  turn();
  give_back_every_arena();
  permissions_.open_by(kSomebody);
  turn();
  EXPECT_FALSE(turns_->is_short_of_room());
  turns_->arena().publish();
  Arena* arena = arenas_->take_filled(0);
  ASSERT_NE(arena, nullptr);
  EXPECT_EQ(arena->missing.dropped, 1U);
  EXPECT_EQ(arena->event_count, 1U);
  EXPECT_TRUE(missing().none());
  give_back(arena);
}

TEST_F(CaptureTurnsTest, NotificationsStayQueuedDuringAShortage) {
  take_every_arena();
  notifications_.queue().add(KernelBytes().notification(FAN_CREATE, kSomebody, "file"));
  turn();
  EXPECT_FALSE(notifications_.queue().empty());
  EXPECT_EQ(missing().dropped, 0U);
}

TEST_F(CaptureTurnsTest, NoMoreDescriptorsAreOpenThanTheBudgetAllows) {
  for (int i = 0; i < 2 * kDescriptors; ++i) permissions_.open_by(kSomebody);
  turn();
  EXPECT_EQ(arenas_->open_descriptors, kDescriptors);
  EXPECT_EQ(permissions_.waiting(), static_cast<std::size_t>(kDescriptors));
  turn();
  EXPECT_EQ(permissions_.waiting(), 0U) << "answered, and lost: the writer did not come";
  EXPECT_EQ(missing().dropped, static_cast<std::uint64_t>(kDescriptors));
}

TEST_F(CaptureTurnsTest, ATimeWithoutProgressIsAStall) {
  turn();
  clock_.advance(500 * kMs);
  turn();
  EXPECT_EQ(missing().stalls, 1U);
  EXPECT_EQ((missing().stalled_until_ns - missing().stalled_since_ns) / kMs, 500U);
}

TEST_F(CaptureTurnsTest, AReadThatFailsIsCounted) {
  permissions_.queue().fail_next(EMFILE);
  notifications_.queue().fail_next(ENOMEM);
  turn();
  EXPECT_EQ(missing().failed_reads, 2U);
}

TEST_F(CaptureTurnsTest, BytesThatAreNoEventEndTheRecordingForTheirOpenersSake) {
  permissions_.queue().add(KernelBytes().event(FAN_OPEN_PERM, -1, kSomebody).last_version(99));
  turn();
  EXPECT_TRUE(turns_->gave_up());
  EXPECT_EQ(missing().unreadable_reads, 1U);
}

TEST_F(CaptureTurnsTest, NobodyWaitsForANotificationThatCannotBeUnderstood) {
  notifications_.queue().add(KernelBytes().event(FAN_CREATE, -1, kSomebody).last_version(99));
  turn();
  EXPECT_FALSE(turns_->gave_up());
  EXPECT_EQ(missing().unreadable_reads, 1U);
}

TEST_F(CaptureTurnsTest, WithoutTheRoleNothingIsTouched) {
  permissions_.lose_role();
  notifications_.queue().add(KernelBytes().notification(FAN_CREATE, kSomebody, "file"));
  EXPECT_EQ(turn().found, CaptureTurns::Found::kRoleGone);
  EXPECT_FALSE(notifications_.queue().empty());
}

TEST_F(CaptureTurnsTest, OwnEventsAreAnsweredAndNotCounted) {
  permissions_.open_by(::getpid());
  turn();
  EXPECT_EQ(permissions_.waiting(), 0U);
  EXPECT_EQ(live_.seen, 0U);
}

TEST_F(CaptureTurnsTest, ClosesAloneAreATurnWithoutOpeners) {
  permissions_.queue().add(KernelBytes().event(FAN_CLOSE_NOWRITE, FAN_NOFD, kSomebody));
  EXPECT_EQ(turn().openers, 0);
  EXPECT_EQ(turn().openers, std::nullopt) << "nothing came";
}

TEST_F(CaptureTurnsTest, EventsOfABlockedReadComeFirstAndOfAnyTimeBefore) {
  permissions_.open_by(kSomebody);
  permissions_.bring_late(KernelBytes().event(FAN_CLOSE_NOWRITE, FAN_NOFD, kSomebody), 0);
  EXPECT_TRUE(turn().was_late);
  EXPECT_EQ(permissions_.waiting(), 1U) << "of the next turn";
  EXPECT_FALSE(turn().was_late);
  EXPECT_EQ(permissions_.waiting(), 0U);
  turns_->arena().publish();
  Arena* arena = arenas_->take_filled(0);
  EXPECT_EQ(arena->batches[0].since_ns, 0U);
  give_back(arena);
}

TEST_F(CaptureTurnsTest, ABlockedReadThatFailedIsCounted) {
  permissions_.bring_late({}, EPERM);
  turn();
  EXPECT_EQ(missing().failed_reads, 1U);
}

TEST_F(CaptureTurnsTest, FewEventsAreReadAtATimeWhileAReadIsBlocked) {
  permissions_.set_blocked(1);
  for (int i = 0; i < kDescriptors; ++i) permissions_.open_by(kSomebody);
  EXPECT_EQ(turn().openers, 64);
}

TEST_F(CaptureTurnsTest, AnEmptyQueueIsNotRead) {
  permissions_.open_by(kSomebody);
  ASSERT_TRUE(turns_->make_room(stopping_));
  EXPECT_EQ(turns_->take({.permission_queue_is_empty = true}).found, CaptureTurns::Found::kNothing);
  EXPECT_EQ(permissions_.waiting(), 1U);
  turn();
}

TEST_F(CaptureTurnsTest, AtTheEndAShortageIsNotWaitedFor) {
  take_every_arena();
  permissions_.open_by(kSomebody);
  stopping_ = true;
  const auto before_ns = clock_.now_ns();
  turn();
  EXPECT_EQ(clock_.now_ns(), before_ns);
  EXPECT_EQ(permissions_.waiting(), 0U);
}

TEST_F(CaptureTurnsTest, WithoutTheRoleNothingIsDropped) {
  take_every_arena();
  permissions_.open_by(kSomebody);
  permissions_.lose_role();
  EXPECT_EQ(turn().found, CaptureTurns::Found::kRoleGone);
  EXPECT_EQ(missing().dropped, 0U);
}

// The notifications fill several arenas.
TEST_F(CaptureTurnsTest, AnExecMovesToTheArenaThatHasTheLastNotifications) {
  constexpr int kMany = 3'000;
  for (int i = 0; i < kMany; ++i)
    notifications_.queue().add(KernelBytes().notification(FAN_CREATE, kSomebody, "file"));
  permissions_.queue().add(KernelBytes().event(FAN_OPEN_EXEC_PERM, FAN_NOFD, kSomebody));
  EXPECT_EQ(turn().notified, static_cast<std::size_t>(kMany));
  turns_->arena().publish();
  std::size_t arenas = 0;
  std::size_t events = 0;
  while (Arena* arena = arenas_->take_filled(0)) {
    ++arenas;
    events += arena->event_count;
    const auto& last = arena->batches[arena->batch_count - 1];
    EXPECT_EQ(last.source == Arena::Source::kPermissionGroup, events == kMany + 1U) << "arena " << arenas;
    if (last.source == Arena::Source::kPermissionGroup) {
      EXPECT_TRUE(last.follows_notifications);
    }
    give_back(arena);
  }
  EXPECT_GT(arenas, 1U);
  EXPECT_EQ(events, kMany + 1U);
}

// Events without descriptors and records, which fill the events of an arena long before its bytes.
TEST_F(CaptureTurnsTest, BothQueuesTogetherDoNotOverfillAnArena) {
  constexpr std::size_t kOfEach = 10'000;
  for (std::size_t i = 0; i < kOfEach; ++i) {
    permissions_.queue().add(KernelBytes().event(FAN_CLOSE_NOWRITE, FAN_NOFD, kSomebody));
    notifications_.queue().add(KernelBytes().event(FAN_CREATE, FAN_NOFD, kSomebody));
  }
  while (turn().found == CaptureTurns::Found::kEvents) {
  }
  turns_->arena().publish();
  std::size_t events = 0;
  while (Arena* arena = arenas_->take_filled(0)) {
    EXPECT_LE(arena->event_count, Arena::kMaxEvents);
    events += arena->event_count;
    give_back(arena);
  }
  EXPECT_EQ(events, 2 * kOfEach);
}

// Thousands of turns in a random order of arrivals, failures, delays and shortages, with the real writer at
// the other end.
class RandomScheduleTest : public CaptureTurnsTest {
 protected:
  RandomScheduleTest()
      // Else descriptors would wait for renames by the real clock, and come back too late for the fake one.
      : writer_({.max_waiting_descriptors = -1}, *arenas_, *log_,
                WriteLoop::Names{std::move(*PathResolver::open()), std::move(*OwnMounts::open()),
                                 std::move(*DirectoryTable::create())},
                std::make_unique<TraceSeries>(trace_.take_writer()), live_) {
    writer_.start(failure_);
  }

  std::size_t up_to(std::size_t most) { return std::uniform_int_distribution<std::size_t>(0, most)(random_); }
  bool one_in(std::size_t n) { return up_to(n - 1) == 0; }

  void let_something_happen() {
    for (auto more = up_to(8); more > 0; --more) {
      const int pid = kSomebody + static_cast<int>(up_to(5));
      ++arrived_;
      if (one_in(4)) {
        notifications_.queue().add(KernelBytes().notification(FAN_CREATE, pid, "file"));
      } else if (one_in(4)) {
        permissions_.queue().add(KernelBytes().event(FAN_CLOSE_NOWRITE, FAN_NOFD, pid));
      } else {
        permissions_.open_by(pid);
      }
    }
    if (one_in(50)) permissions_.queue().fail_next(EMFILE);
    if (one_in(50)) notifications_.queue().fail_next(ENOMEM);
    if (one_in(20)) clock_.advance(up_to(300) * kMs);
    if (one_in(40)) take_every_arena();
    if (one_in(10)) give_back_every_arena();
    if (one_in(3)) turns_->arena().publish();
  }

  MemoryTrace trace_;
  WakeEvent failure_ = WakeEvent::create().value();
  WriteLoop writer_;
  std::mt19937_64 random_{tests::test_seed()};
  std::uint64_t arrived_ = 0;
};

TEST_F(RandomScheduleTest, EveryEventIsWrittenOrLostAndEveryOpenerAnsweredOnce) {
  constexpr int kTurns = 5'000;
  for (int i = 0; i < kTurns; ++i) {
    let_something_happen();
    turn();
    ASSERT_EQ(permissions_.answered_twice(), 0U);
    if (permissions_.queue().empty()) {
      ASSERT_EQ(permissions_.waiting(), 0U) << "turn " << i;
    }
  }
  give_back_every_arena();
  while (!permissions_.queue().empty() || !notifications_.queue().empty()) turn();
  turns_->arena().publish();
  writer_.stop();
  writer_.account_for(missing());
  EXPECT_EQ(permissions_.waiting(), 0U);
  EXPECT_EQ(live_.seen, arrived_);
  EXPECT_EQ(writer_.events_seen(), arrived_);
  ASSERT_TRUE(writer_.finish({}).ok());
  const auto trace = trace_.read();
  std::uint64_t lost = 0;
  for (const auto& loss : trace.losses) {
    if (loss.cause == format::LossCause::kNoArena) lost += loss.count.value_or(0);
  }
  EXPECT_EQ(trace.events + lost, arrived_);
  EXPECT_GT(trace.events, 0U) << "how many depends on the time that the writer gets";
  EXPECT_GT(lost, 0U) << "there was a shortage";
}

}  // namespace
}  // namespace rfan::recorder
