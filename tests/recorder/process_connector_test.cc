#include "recorder/kernel/process_connector.h"

#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <thread>
#include <vector>

#include "recorder/system/clock.h"
#include "tests/recorder/child_process.h"

namespace rfan::recorder {
namespace {

using Type = PerfRecord::Type;

class ProcessConnectorTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "SKIPPED: only root can become another user";
    auto opened = ProcessConnector::open();
    if (!opened) GTEST_SKIP() << "SKIPPED: " << opened.error().message();
    connector_.emplace(std::move(*opened));
  }
  // Other processes of the machine may change their user meanwhile.
  std::vector<PerfRecord> records_of(std::uint32_t pid) {
    std::vector<PerfRecord> records;
    while (connector_->fetch()) {
      for (; connector_->front() != nullptr; connector_->pop()) {
        if (connector_->front()->pid == pid) records.push_back(*connector_->front());
      }
    }
    return records;
  }

  std::optional<ProcessConnector> connector_;
};

TEST_F(ProcessConnectorTest, TellsOfUserAndGroupWhenTheyWereSet) {
  const auto begin_ns = monotonic_ns();
  const ChildProcess child([] {
    (void)!::setresgid(1235, 1235, 1235);
    (void)!::setresuid(1234, 1234, 1234);
  });
  const auto end_ns = monotonic_ns();
  const auto records = records_of(child.pid());
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[0].type, Type::kGroup);
  EXPECT_EQ(records[0].id, 1235U);
  EXPECT_EQ(records[1].type, Type::kUser);
  EXPECT_EQ(records[1].id, 1234U);
  EXPECT_LE(begin_ns, records[0].time_ns);
  EXPECT_LE(records[0].time_ns, records[1].time_ns);
  EXPECT_LE(records[1].time_ns, end_ns);
}

// Uses the system call, because the C library's function acts on all threads.
TEST_F(ProcessConnectorTest, TellsNothingOfOtherThreads) {
  const ChildProcess child([] { std::thread([] { ::syscall(SYS_setresuid, 1234, 1234, 1234); }).join(); });
  EXPECT_TRUE(records_of(child.pid()).empty());
}

TEST_F(ProcessConnectorTest, TellsNothingOfForksAndExits) {
  ChildProcess child([] {});
  const auto pid = child.pid();
  child.end();
  EXPECT_FALSE(connector_->fetch() && connector_->front()->pid == pid);
}

TEST_F(ProcessConnectorTest, TooManyForTheSocketAreALoss) {
  constexpr int kChanges = 20'000;
  const ChildProcess child([] {
    for (int i = 0; i < kChanges; ++i) (void)!::setresuid(0, i % 2 == 0 ? 1234 : 0, 0);
  });
  bool lost = false;
  while (connector_->fetch()) {
    for (; connector_->front() != nullptr; connector_->pop())
      lost = lost || connector_->front()->type == Type::kLost;
  }
  EXPECT_TRUE(lost);
}

TEST(ConnectorMessageTest, WhatIsTooShortIsNothing) {
  const std::vector<std::byte> message(75);
  EXPECT_FALSE(decode_connector_message(message));
  EXPECT_FALSE(decode_connector_message({}));
}

}  // namespace
}  // namespace rfan::recorder
