#include "recorder/kernel/kernel_events.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/recorder/kernel_bytes.h"

namespace rfan::recorder {
namespace {

using format::EventKind;

struct Walk {
  std::vector<KernelEvent> events;
  bool malformed = false;
};

Walk walk(const KernelBytes& input) {
  Walk result;
  KernelEventWalker walker(input.bytes());
  KernelEvent event;
  while (walker.next(event)) result.events.push_back(event);
  EXPECT_FALSE(walker.next(event)) << "the end is final";
  result.malformed = walker.malformed();
  return result;
}

std::vector<EventKind> kinds_of(std::uint64_t mask) {
  std::vector<EventKind> kinds;
  for_each_kind(mask, [&](EventKind kind) { kinds.push_back(kind); });
  EXPECT_EQ(count_kinds(mask), kinds.size());
  return kinds;
}

KernelEvent with_mask(std::uint32_t mask) {
  return {.mask = mask, .fd = 5, .pid = 7};
}

TEST(KernelEventWalker, NothingIsNoEventAndNoFault) {
  const auto result = walk(KernelBytes());
  EXPECT_TRUE(result.events.empty());
  EXPECT_FALSE(result.malformed);
}

TEST(KernelEventWalker, TellsMaskDescriptorAndPidOfEveryEventInOrder) {
  const auto result = walk(KernelBytes().event(FAN_OPEN_PERM, 10, 100).event(FAN_CLOSE_WRITE, 11, 4194303));
  ASSERT_EQ(result.events.size(), 2U);
  EXPECT_EQ(result.events[0].mask, FAN_OPEN_PERM);
  EXPECT_EQ(result.events[0].fd, 10);
  EXPECT_EQ(result.events[0].pid, 100U);
  EXPECT_EQ(result.events[1].mask, FAN_CLOSE_WRITE);
  EXPECT_EQ(result.events[1].fd, 11);
  EXPECT_EQ(result.events[1].pid, 4194303U);
  EXPECT_FALSE(result.malformed);
}

TEST(KernelEventWalker, StepsOverInformationBehindAnEvent) {
  const auto result =
      walk(KernelBytes().event(FAN_OPEN_PERM, 10, 1).last_event_len(40).event(FAN_OPEN_PERM, 11, 2));
  ASSERT_EQ(result.events.size(), 2U);
  EXPECT_EQ(result.events[1].fd, 11);
  EXPECT_FALSE(result.malformed);
}

TEST(KernelEventWalker, HandsOutTheInformationOfTheLatestEvent) {
  const auto input =
      KernelBytes().event(FAN_CREATE, FAN_NOFD, 1).last_event_records("name").event(FAN_OPEN_PERM, 11, 2);
  KernelEventWalker walker(input.bytes());
  KernelEvent event;
  ASSERT_TRUE(walker.next(event));
  EXPECT_EQ(walker.records().size(), 4U);
  EXPECT_EQ(walker.records().data(), input.bytes().data() + kKernelEventBytes);
  ASSERT_TRUE(walker.next(event));
  EXPECT_TRUE(walker.records().empty());
}

TEST(KernelEventWalker, PassesOnTheErrorInPlaceOfADescriptor) {
  const auto result = walk(KernelBytes().event(FAN_OPEN_PERM, -24, 1));
  ASSERT_EQ(result.events.size(), 1U);
  EXPECT_EQ(result.events[0].fd, -24);
}

TEST(KernelEventWalker, CutEventEndsTheWalkAtEveryByte) {
  for (std::size_t cut = 1; cut < kKernelEventBytes; ++cut) {
    const auto result = walk(KernelBytes().event(FAN_OPEN_PERM, 10, 1).event(FAN_OPEN_PERM, 11, 2).cut(cut));
    EXPECT_EQ(result.events.size(), 1U) << cut;
    EXPECT_TRUE(result.malformed) << cut;
  }
}

TEST(KernelEventWalker, LengthBeyondTheBufferEndsTheWalk) {
  const auto result = walk(KernelBytes().event(FAN_OPEN_PERM, 10, 1).last_event_len(25).cut(1));
  EXPECT_TRUE(result.events.empty());
  EXPECT_TRUE(result.malformed);
}

TEST(KernelEventWalker, LengthBelowAnEventEndsTheWalk) {
  for (const std::uint32_t length : {0U, 1U, 23U}) {
    const auto result = walk(KernelBytes().event(FAN_OPEN_PERM, 10, 1).last_event_len(length));
    EXPECT_TRUE(result.events.empty()) << length;
    EXPECT_TRUE(result.malformed) << length;
  }
}

TEST(KernelEventWalker, UnknownVersionEndsTheWalk) {
  const auto result = walk(KernelBytes()
                               .event(FAN_OPEN_PERM, 10, 1)
                               .event(FAN_OPEN_PERM, 11, 2)
                               .last_version(FANOTIFY_METADATA_VERSION + 1)
                               .event(FAN_OPEN_PERM, 12, 3));
  EXPECT_EQ(result.events.size(), 1U);
  EXPECT_TRUE(result.malformed);
}

TEST(KernelEvent, OnlyPermissionEventsAreHeld) {
  EXPECT_TRUE(with_mask(FAN_OPEN_PERM).is_permission());
  EXPECT_TRUE(with_mask(FAN_OPEN_EXEC_PERM | FAN_ONDIR).is_permission());
  EXPECT_FALSE(with_mask(FAN_OPEN | FAN_CLOSE | FAN_ONDIR).is_permission());
}

TEST(KernelEvent, OverflowAndDirectoryAreBitsOfTheMask) {
  EXPECT_TRUE(with_mask(FAN_Q_OVERFLOW).is_overflow());
  EXPECT_FALSE(with_mask(FAN_OPEN_PERM).is_overflow());
  EXPECT_TRUE(with_mask(FAN_CLOSE_NOWRITE | FAN_ONDIR).is_directory());
  EXPECT_FALSE(with_mask(FAN_CLOSE_NOWRITE).is_directory());
}

TEST(MaskKinds, EachBitIsOneKind) {
  EXPECT_EQ(kinds_of(FAN_OPEN_PERM), std::vector{EventKind::kOpen});
  EXPECT_EQ(kinds_of(FAN_OPEN_EXEC_PERM), std::vector{EventKind::kExec});
  EXPECT_EQ(kinds_of(FAN_CLOSE_WRITE), std::vector{EventKind::kCloseWrite});
  EXPECT_EQ(kinds_of(FAN_CLOSE_NOWRITE | FAN_ONDIR), std::vector{EventKind::kCloseNowrite});
}

TEST(MaskKinds, MergedEventsComeOutInTheOrderInWhichTheyCanHaveHappened) {
  const std::vector all{EventKind::kExec, EventKind::kOpen, EventKind::kCloseWrite, EventKind::kCloseNowrite};
  EXPECT_EQ(kinds_of(FAN_CLOSE | FAN_OPEN_PERM | FAN_OPEN_EXEC_PERM), all);
}

TEST(MaskKinds, OverflowIsNoEvent) {
  EXPECT_TRUE(kinds_of(FAN_Q_OVERFLOW).empty());
}

}  // namespace
}  // namespace rfan::recorder
