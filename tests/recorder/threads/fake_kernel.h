// The kernel's side of the reader thread: queues that a test fills, and a note of every response.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/fanotify.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <deque>
#include <map>
#include <utility>
#include <vector>

#include "recorder/kernel/fanotify_group.h"
#include "recorder/kernel/read_relay.h"
#include "recorder/system/clock.h"
#include "tests/recorder/kernel_bytes.h"

namespace rfan::recorder {

// A clock that moves only when told, or when somebody sleeps by it.
class FakeClock : public Clock {
 public:
  std::uint64_t now_ns() const override { return now_ns_; }
  void sleep(std::uint64_t ns) const override { now_ns_ += ns; }
  void advance(std::uint64_t ns) { now_ns_ += ns; }

 private:
  mutable std::uint64_t now_ns_ = 1'000'000'000;
};

// A queue of events, read as many at a time as fit.
class FakeQueue {
 public:
  void add(const KernelBytes& event) { events_.push_back(event.bytes()); }
  // The next read fails.
  void fail_next(int error) { error_ = error; }
  bool empty() const { return events_.empty(); }

  // Moves whole events into `out`, at most `max_bytes`. Returns an errno.
  int take(std::size_t max_bytes, std::vector<std::byte>& out) {
    out.clear();
    if (const int error = std::exchange(error_, 0)) return error;
    while (!events_.empty() && out.size() + events_.front().size() <= max_bytes) {
      out.insert(out.end(), events_.front().begin(), events_.front().end());
      events_.pop_front();
    }
    return 0;
  }

 private:
  std::deque<std::vector<std::byte>> events_;
  int error_ = 0;
};

// A permission group: its queue, and who was answered how.
class FakePermissions : public PermissionReads, public EventSource {
 public:
  // An opener waits until its descriptor is answered. Returns the descriptor.
  int open_by(int pid) {
    const int fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    EXPECT_GE(fd, 0);
    queue_.add(KernelBytes().event(FAN_OPEN_PERM, fd, pid));
    ++waiting_[fd];
    return fd;
  }
  FakeQueue& queue() { return queue_; }
  void lose_role() { has_role_ = false; }
  // A blocked read() has brought these events, or has failed.
  void bring_late(const KernelBytes& events, int error) { late_.emplace_back(events.bytes(), error); }
  void set_blocked(int reads) { blocked_ = reads; }
  // Runs before each answer, once.
  void before_answer(std::function<void()> look) { before_answer_ = std::move(look); }

  std::size_t waiting() const { return waiting_.size(); }
  std::size_t answered() const { return answered_; }
  std::size_t answered_twice() const { return answered_twice_; }

  std::optional<PermissionBytes> read(std::size_t max_events, std::uint64_t) override {
    if (!has_role_) return std::nullopt;
    const int error = queue_.take(max_events * kKernelEventBytes, bytes_);
    return PermissionBytes{bytes_, error};
  }
  std::optional<PermissionBytes> take_late(std::size_t) override {
    if (late_.empty()) return std::nullopt;
    const auto [events, error] = std::move(late_.front());
    late_.pop_front();
    bytes_ = events;
    return PermissionBytes{bytes_, error};
  }
  int blocked() const override { return blocked_; }

  long read(std::span<std::byte>) override { return -ENOSYS; }
  Result<Read> shared_read() const override { return Error{"not in this test", {}, 0, {}}; }
  int fd() const override { return -1; }
  void answer(ReplyBatch& batch) override {
    if (before_answer_) std::exchange(before_answer_, nullptr)();
    for (const auto& reply : batch.replies()) {
      ++answered_;
      const auto opener = waiting_.find(reply.fd);
      if (opener == waiting_.end()) {
        ++answered_twice_;
      } else if (--opener->second == 0) {
        waiting_.erase(opener);
      }
    }
    batch.clear();
  }

 private:
  FakeQueue queue_;
  std::vector<std::byte> bytes_;
  std::map<int, int> waiting_;  // descriptors, and how often
  std::function<void()> before_answer_;
  std::size_t answered_ = 0;
  std::size_t answered_twice_ = 0;
  bool has_role_ = true;
  std::deque<std::pair<std::vector<std::byte>, int>> late_;
  int blocked_ = 0;
};

class FakeNotifications : public EventSource {
 public:
  FakeQueue& queue() { return queue_; }
  long read(std::span<std::byte> buffer) override {
    const int error = queue_.take(buffer.size(), bytes_);
    if (error != 0) return -error;
    std::copy(bytes_.begin(), bytes_.end(), buffer.begin());
    return static_cast<long>(bytes_.size());
  }
  Result<Read> shared_read() const override { return Error{"not in this test", {}, 0, {}}; }
  int fd() const override { return -1; }
  void answer(ReplyBatch&) override { ADD_FAILURE() << "a notification event has no answer"; }

 private:
  FakeQueue queue_;
  std::vector<std::byte> bytes_;
};

}  // namespace rfan::recorder
