// Processes as the reader thread meets them: the fixture of the tests of ProcessTracker.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "recorder/processes/process_tracker.h"
#include "tests/recorder/child_process.h"

namespace rfan::recorder {

class ProcessTrackerTest : public ::testing::Test {
 protected:
  using Type = PerfRecord::Type;

  static constexpr std::uint64_t kSecondNs = 1'000'000'000;

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

}  // namespace rfan::recorder
