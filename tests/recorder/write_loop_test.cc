#include "recorder/threads/write_loop.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "tests/recorder/arena_batches.h"
#include "tests/recorder/memory_trace.h"
#include "tests/support/scratch_directory.h"

namespace rfan::recorder {
namespace {

// The test takes the place of the reader thread: it fills arenas by hand.
class WriteLoopTest : public ::testing::Test {
 protected:
  WriteLoopTest() {
    arenas_ = std::move(*ArenaPool::create());
    log_.emplace(std::move(*ProcessLog::create()));
    loop_ = std::make_unique<WriteLoop>(
        WriteLoop::Options{}, *arenas_, *log_,
        WriteLoop::Names{std::move(*PathResolver::open()), std::move(*OwnMounts::open()),
                         std::move(*DirectoryTable::create())},
        std::make_unique<TraceSeries>(trace_.take_writer()), live_);
    loop_->start(failure_event_);
  }

  // Publishes a batch of events, of an unknown process by default.
  void batch(const KernelBytes& events, Arena::Source source = Arena::Source::kPermissionGroup,
             bool own = false) {
    Arena* arena = take_arena();
    add_batch(*arena, events,
              {.first_event = 0,
               .source = source,
               .follows_notifications = true,
               .since_ns = clock_ns_,
               .until_ns = clock_ns_ + 1,
               .read_ns = clock_ns_ + 1,
               .answered_ns = clock_ns_ + 2},
              0, own);
    clock_ns_ += 2;
    arenas_->publish(arena);
  }
  // Publishes `count` closes of one kind, all without a descriptor.
  void closes(std::size_t count) {
    while (count > 0) {
      const auto some = std::min(count, Arena::kMaxEvents);
      KernelBytes events;
      for (std::size_t i = 0; i < some; ++i) events.event(FAN_CLOSE_NOWRITE, -1, 7);
      batch(events);
      count -= some;
    }
  }
  Arena* take_arena() {
    Arena* arena = nullptr;
    while ((arena = arenas_->take_free()) == nullptr) ::usleep(100);
    arena->clear();
    return arena;
  }
  ReadTrace end() {
    loop_->stop();
    EXPECT_TRUE(loop_->finish({}).ok());
    return trace_.read();
  }

  tests::ScratchDirectory scratch_;
  MemoryTrace trace_;
  LiveStatistics live_;
  std::unique_ptr<ArenaPool> arenas_;
  std::optional<ProcessLog> log_;
  WakeEvent failure_event_ = WakeEvent::create().value();
  std::unique_ptr<WriteLoop> loop_;
  std::uint64_t clock_ns_ = 1'000'000'000;
};

TEST_F(WriteLoopTest, EveryKindOfAMergedEventIsAnEvent) {
  batch(KernelBytes().event(FAN_OPEN_PERM, -1, 7).event(FAN_CLOSE_WRITE | FAN_CLOSE_NOWRITE, -1, 7));
  EXPECT_EQ(end().events, 3U);
  EXPECT_EQ(loop_->events_seen(), 3U);
}

TEST_F(WriteLoopTest, DescriptorIsNamedAndClosed) {
  const int fd = ::open(scratch_.write("notes", "").c_str(), O_RDONLY | O_CLOEXEC);
  arenas_->open_descriptors = 1;
  batch(KernelBytes().event(FAN_OPEN_PERM, fd, 7));
  EXPECT_EQ(end().paths, std::vector{scratch_.file("notes")});
  EXPECT_EQ(::fcntl(fd, F_GETFD), -1);
  EXPECT_EQ(arenas_->open_descriptors.load(), 0);
}

TEST_F(WriteLoopTest, OwnEventIsClosedAndNotRecorded) {
  const int fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  batch(KernelBytes().event(FAN_OPEN_PERM, fd, 7), Arena::Source::kPermissionGroup, true);
  EXPECT_EQ(end().events, 0U);
  EXPECT_EQ(::fcntl(fd, F_GETFD), -1);
}

TEST_F(WriteLoopTest, OverflowOfTheQueueIsALossOfUnknownSize) {
  batch(KernelBytes().event(FAN_Q_OVERFLOW, -1, 0));
  const auto trace = end();
  EXPECT_EQ(trace.events, 0U);
  ASSERT_EQ(trace.losses.size(), 1U);
  EXPECT_EQ(trace.losses[0].cause, format::LossCause::kQueueOverflow);
  EXPECT_FALSE(trace.losses[0].count);
}

TEST_F(WriteLoopTest, ANotificationWhoseRecordsAreNotUnderstoodIsALossOfOneEvent) {
  constexpr std::string_view kNoRecord = "\xff\xff\xff\xff\xff\xff\xff\xff";
  batch(KernelBytes().event(FAN_CREATE, FAN_NOFD, 7).last_event_records(kNoRecord),
        Arena::Source::kNotificationGroup);
  const auto trace = end();
  EXPECT_EQ(trace.events, 0U);
  EXPECT_EQ(loop_->events_seen(), 1U);
  ASSERT_EQ(trace.losses.size(), 1U);
  EXPECT_EQ(trace.losses[0].cause, format::LossCause::kUnreadable);
  EXPECT_EQ(trace.losses[0].count, 1U);
}

TEST_F(WriteLoopTest, DroppedEventsAreLossesWithTheirTimeSpan) {
  Arena* arena = take_arena();
  arena->missing.dropped = 17;
  arena->missing.dropped_first_ns = 5'000'000;
  arena->missing.dropped_last_ns = 9'000'000;
  arenas_->publish(arena);
  EXPECT_EQ(end().losses,
            std::vector<format::Loss>({{format::LossCause::kNoArena, 17, 5'000'000, 9'000'000}}));
}

TEST_F(WriteLoopTest, BytesThatWereNotUnderstoodAreALossOfUnknownSize) {
  Arena* arena = take_arena();
  arena->missing.unreadable_reads = 1;
  arenas_->publish(arena);
  const auto losses = end().losses;
  ASSERT_EQ(losses.size(), 1U);
  EXPECT_EQ(losses[0].cause, format::LossCause::kUnreadable);
  EXPECT_FALSE(losses[0].count);
}

TEST_F(WriteLoopTest, MoreEventsThanABlockHoldsAreAllReadable) {
  closes(3 * format::kMaxBlockEvents + 5);
  EXPECT_EQ(end().events, 3 * format::kMaxBlockEvents + 5);
}

// One merged event at the end of a block becomes two. The reader refuses a block that is larger than allowed.
TEST_F(WriteLoopTest, MergedEventAtTheEndOfABlockKeepsTheBlockReadable) {
  closes(format::kMaxBlockEvents - 1);
  batch(KernelBytes().event(FAN_CLOSE_WRITE | FAN_CLOSE_NOWRITE, -1, 7));
  closes(1);
  const auto trace = end();
  EXPECT_EQ(trace.damages, 0U);
  EXPECT_EQ(trace.events, format::kMaxBlockEvents + 2);
}

}  // namespace
}  // namespace rfan::recorder
