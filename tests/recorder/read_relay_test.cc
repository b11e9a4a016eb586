#include "recorder/kernel/read_relay.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <mutex>
#include <set>

namespace rfan::recorder {
namespace {

constexpr std::size_t kPidOffset = 20;  // fanotify_event_metadata

// A queue of events, each identified by a number in `pid`. Opening some of them blocks.
class FakeQueue {
 public:
  void add(int number, bool blocks = false) {
    const std::lock_guard lock(mutex_);
    queued_.push_back({number, blocks});
  }
  void let_go() {
    const std::lock_guard lock(mutex_);
    let_go_ = true;
    changed_.notify_all();
  }
  void fail_what_blocks() { fails_ = true; }

  long read(std::span<std::byte> buffer) {
    std::unique_lock lock(mutex_);
    std::size_t bytes = 0;
    while (!queued_.empty() && bytes + kKernelEventBytes <= buffer.size()) {
      const auto [number, blocks] = queued_.front();
      queued_.pop_front();
      if (blocks) changed_.wait(lock, [this] { return let_go_; });
      if (blocks && fails_) return bytes != 0 ? static_cast<long>(bytes) : -EPERM;
      write_event(buffer.subspan(bytes), number);
      bytes += kKernelEventBytes;
    }
    return static_cast<long>(bytes);
  }

 private:
  struct Event {
    int number;
    bool blocks;
  };
  static void write_event(std::span<std::byte> buffer, int number) {
    std::memcpy(buffer.data() + kPidOffset, &number, sizeof number);
    std::atomic_ref(*reinterpret_cast<std::uint32_t*>(buffer.data()))
        .store(kKernelEventBytes, std::memory_order_release);
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Event> queued_;
  bool let_go_ = false;
  std::atomic<bool> fails_ = false;
};

// A loop that takes all events until it is asked to end.
class ReadRelayTest : public ::testing::Test {
 protected:
  ~ReadRelayTest() override {
    queue_->let_go();
    end();
  }
  void start() {
    ASSERT_TRUE(relay_.open());
    ASSERT_TRUE(relay_.start([queue = queue_](auto buffer) { return queue->read(buffer); }));
  }
  void end() {
    ending_ = true;
    relay_.wake_event().wake();
    relay_.stop();
  }
  // Waits until all of these are taken, in any order.
  void expect_taken(const std::multiset<int>& numbers) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return taken_.size() >= numbers.size(); });
    EXPECT_EQ(taken_, numbers);
  }
  void expect_errors(int count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return errors_ >= count; });
    EXPECT_EQ(errors_, count);
  }

  // Shared with threads that outlive the test.
  std::shared_ptr<FakeQueue> queue_ = std::make_shared<FakeQueue>();

 private:
  void loop() {
    while (!ending_) {
      auto brought = relay_.take_late(2);
      if (!brought) brought = relay_.read(2, 1);
      if (!brought) return;
      take(*brought);
      if (!brought->events.empty()) continue;
      pollfd wake{relay_.wake_event().fd(), POLLIN, 0};
      if (::poll(&wake, 1, 1) > 0) relay_.wake_event().clear();
    }
  }
  void take(const PermissionBytes& brought) {
    const std::lock_guard lock(mutex_);
    if (brought.error != 0) ++errors_;
    for (auto events = brought.events; !events.empty(); events = events.subspan(kKernelEventBytes)) {
      int number = 0;
      std::memcpy(&number, events.data() + kPidOffset, sizeof number);
      taken_.insert(number);
    }
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::multiset<int> taken_;
  int errors_ = 0;
  std::atomic<bool> ending_ = false;
  ReadRelay relay_{std::chrono::milliseconds(5), [this] { loop(); }};
};

TEST_F(ReadRelayTest, TakesWhatIsThere) {
  for (int i = 0; i < 5; ++i) queue_->add(i);
  start();
  expect_taken({0, 1, 2, 3, 4});
}

TEST_F(ReadRelayTest, OthersGoOnWhereOneBlocks) {
  queue_->add(1);
  queue_->add(2, true);
  queue_->add(3);
  start();
  expect_taken({1, 3});
  queue_->let_go();
  expect_taken({1, 2, 3});
}

TEST_F(ReadRelayTest, SoTheyDoWhereManyBlock) {
  std::multiset<int> others;
  std::multiset<int> all;
  for (int i = 0; i < 60; ++i) {
    const bool blocks = i % 3 == 1;
    queue_->add(i, blocks);
    all.insert(i);
    if (!blocks) others.insert(i);
  }
  start();
  expect_taken(others);
  queue_->let_go();
  expect_taken(all);
}

TEST_F(ReadRelayTest, AFailureIsToldLateToo) {
  queue_->fail_what_blocks();
  queue_->add(1, true);
  queue_->add(2);
  start();
  expect_taken({2});
  queue_->let_go();
  expect_errors(1);
}

TEST_F(ReadRelayTest, EndsThoughAReadBlocks) {
  queue_->add(1, true);
  queue_->add(2);
  start();
  expect_taken({2});
  end();
}

}  // namespace
}  // namespace rfan::recorder
