#include "recorder/handover/arena.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <set>
#include <thread>
#include <vector>

namespace rfan::recorder {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

milliseconds time_of(const std::function<void()>& action) {
  const auto start = steady_clock::now();
  action();
  return std::chrono::duration_cast<milliseconds>(steady_clock::now() - start);
}

TEST(ArenaQueue, GivesOutInOrder) {
  std::vector<Arena> arenas(3);
  ArenaQueue queue(3);
  EXPECT_EQ(queue.pop(), nullptr);
  for (auto& arena : arenas) queue.push(&arena);
  EXPECT_EQ(queue.size(), 3U);
  for (auto& arena : arenas) EXPECT_EQ(queue.pop(), &arena);
  EXPECT_EQ(queue.pop(), nullptr);
}

TEST(ArenaQueue, GoesRoundManyTimes) {
  std::vector<Arena> arenas(3);
  ArenaQueue queue(3);
  for (int round = 0; round < 1000; ++round) {
    queue.push(&arenas[static_cast<std::size_t>(round) % 3]);
    if (queue.size() == 3) {
      EXPECT_EQ(queue.pop(), &arenas[static_cast<std::size_t>(round - 2) % 3]);
    }
  }
}

TEST(Arena, ClearForgetsEverythingCounted) {
  auto arena = std::make_unique<Arena>();
  arena->raw_bytes = arena->event_count = arena->batch_count = 5;
  arena->missing.dropped = arena->missing.dropped_first_ns = arena->missing.dropped_last_ns = 6;
  arena->process_facts_lost = arena->process_log_end = 7;
  EXPECT_FALSE(arena->empty());
  arena->clear();
  EXPECT_TRUE(arena->empty());
  EXPECT_EQ(arena->free_raw().size(), Arena::kRawBytes);
  EXPECT_EQ(arena->batch_count + arena->missing.dropped_first_ns + arena->missing.dropped_last_ns +
                arena->process_log_end,
            0U);
}

TEST(Arena, ABatchHasTheEventsUpToTheNext) {
  auto arena = std::make_unique<Arena>();
  arena->clear();
  arena->batch_count = 3;
  arena->batches[0].first_event = 0;
  arena->batches[1].first_event = 2;
  arena->batches[2].first_event = 2;  // whose bytes were not understood
  arena->event_count = 3;
  EXPECT_EQ(arena->events_of(arena->batches[0]).size(), 2U);
  EXPECT_TRUE(arena->events_of(arena->batches[1]).empty());
  EXPECT_EQ(arena->events_of(arena->batches[2]).data(), &arena->events[2]);
  EXPECT_EQ(arena->events_of(arena->batches[2]).size(), 1U);
}

TEST(Arena, LossAloneIsSomethingToTell) {
  auto arena = std::make_unique<Arena>();
  arena->clear();
  arena->missing.dropped = 1;
  EXPECT_FALSE(arena->empty());
  arena->clear();
  arena->process_facts_lost = 1;
  EXPECT_FALSE(arena->empty());
}

class ArenaPoolTest : public ::testing::Test {
 protected:
  static std::unique_ptr<ArenaPool> create() {
    auto pool = ArenaPool::create();
    EXPECT_TRUE(pool.ok());
    return std::move(*pool);
  }

  std::unique_ptr<ArenaPool> pool_ = create();
};

TEST_F(ArenaPoolTest, GivesOutEachArenaOnceAndThenNone) {
  std::set<Arena*> taken;
  while (Arena* arena = pool_->take_free()) taken.insert(arena);
  EXPECT_EQ(taken.size(), ArenaPool::kArenas);
  EXPECT_EQ(pool_->in_use(), ArenaPool::kArenas);
}

TEST_F(ArenaPoolTest, ArenaIsFreeAgainWhenTheWriterGivesItBack) {
  while (Arena* arena = pool_->take_free()) pool_->publish(arena);
  Arena* oldest = pool_->take_filled(0);
  pool_->give_back(oldest);
  EXPECT_EQ(pool_->take_free(), oldest);
  EXPECT_EQ(pool_->take_free(), nullptr);
}

TEST_F(ArenaPoolTest, TheArenaGivenBackLastIsTakenFirst) {
  Arena* first = pool_->take_free();
  Arena* second = pool_->take_free();
  for (Arena* arena : {second, first}) {
    pool_->publish(arena);
    pool_->give_back(pool_->take_filled(0));
  }
  EXPECT_EQ(pool_->take_free(), first);
  EXPECT_EQ(pool_->take_free(), second);
}

// Returns whether the page is in memory.
bool is_resident(const std::byte& byte) {
  const auto page_bytes = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  auto* page = reinterpret_cast<void*>(reinterpret_cast<std::uintptr_t>(&byte) / page_bytes * page_bytes);
  unsigned char resident = 0;
  EXPECT_EQ(::mincore(page, 1, &resident), 0);
  return (resident & 1) != 0;
}

TEST_F(ArenaPoolTest, ArenasThatWereNeverUsedTakeNoMemory) {
  for (std::size_t taken = 0; Arena* arena = pool_->take_free(); ++taken) {
    // The last page of one arena may be the first of the next, so look in the middle.
    const std::byte& middle = arena->raw[Arena::kRawBytes / 2];
    EXPECT_EQ(is_resident(middle), taken < ArenaPool::kReady) << "arena " << taken;
  }
}

TEST_F(ArenaPoolTest, FilledArenasComeInTheOrderOfPublishing) {
  std::vector<Arena*> published;
  while (Arena* arena = pool_->take_free()) {
    pool_->publish(arena);
    published.push_back(arena);
  }
  for (Arena* arena : published) EXPECT_EQ(pool_->take_filled(0), arena);
}

TEST_F(ArenaPoolTest, WriterWaitsForAnArenaNoLongerThanAsked) {
  Arena* arena = nullptr;
  const auto waited = time_of([&] { arena = pool_->take_filled(50); });
  EXPECT_EQ(arena, nullptr);
  EXPECT_GE(waited, milliseconds(49));
}

TEST_F(ArenaPoolTest, WakeEndsTheWait) {
  auto taken = std::async(std::launch::async, [&] { return pool_->take_filled(-1); });
  EXPECT_EQ(taken.wait_for(milliseconds(20)), std::future_status::timeout);
  pool_->wake();
  EXPECT_EQ(taken.get(), nullptr);
}

TEST_F(ArenaPoolTest, WakeBeforeTheWaitIsNotForgotten) {
  pool_->wake();
  EXPECT_EQ(pool_->take_filled(-1), nullptr);
}

TEST_F(ArenaPoolTest, WakeEndsOneWaitOnly) {
  pool_->wake();
  pool_->take_filled(-1);
  EXPECT_GE(time_of([&] { pool_->take_filled(50); }), milliseconds(49));
}

TEST_F(ArenaPoolTest, PublishingWakesASleepingWriter) {
  auto taken = std::async(std::launch::async, [&] { return pool_->take_filled(-1); });
  EXPECT_EQ(taken.wait_for(milliseconds(20)), std::future_status::timeout);
  Arena* arena = pool_->take_free();
  pool_->publish(arena);
  EXPECT_EQ(taken.get(), arena);
}

TEST_F(ArenaPoolTest, WriterIsWaitingWhenNothingIsFilled) {
  EXPECT_TRUE(pool_->writer_is_abreast());
  pool_->publish(pool_->take_free());
  EXPECT_FALSE(pool_->writer_is_abreast());
}

// The writer waits without a time limit, so a lost wake-up would hang the test.
TEST_F(ArenaPoolTest, EveryArenaCrossesFromReaderToWriterWithItsContent) {
  constexpr std::uint64_t kHandOvers = 200'000;
  std::thread reader([&] {
    for (std::uint64_t number = 1; number <= kHandOvers;) {
      Arena* arena = pool_->take_free();
      if (arena == nullptr) {
        std::this_thread::yield();
        continue;
      }
      arena->clear();
      arena->event_count = number;
      arena->raw[0] = static_cast<std::byte>(number);
      arena->raw[Arena::kRawBytes - 1] = static_cast<std::byte>(number);
      pool_->open_descriptors.fetch_add(3, std::memory_order_release);
      pool_->publish(arena);
      // Let the writer fall asleep occasionally.
      if (number++ % 1000 == 0) std::this_thread::sleep_for(std::chrono::microseconds(100));
    }
  });
  for (std::uint64_t expected = 1; expected <= kHandOvers;) {
    Arena* arena = pool_->take_filled(-1);
    if (arena == nullptr) continue;
    EXPECT_EQ(arena->event_count, expected);
    EXPECT_EQ(arena->raw[0], static_cast<std::byte>(expected));
    EXPECT_EQ(arena->raw[Arena::kRawBytes - 1], static_cast<std::byte>(expected));
    pool_->open_descriptors.fetch_sub(3, std::memory_order_release);
    pool_->give_back(arena);
    ++expected;
  }
  reader.join();
  EXPECT_EQ(pool_->open_descriptors.load(), 0);
  EXPECT_EQ(pool_->in_use(), 0U);
}

}  // namespace
}  // namespace rfan::recorder
