#include "recorder/handover/process_log.h"

#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <random>
#include <string>
#include <thread>

#include "format/base/limits.h"
#include "tests/support/test_seed.h"

namespace rfan::recorder {
namespace {

// A record that owns its strings.
struct OwnedRecord {
  ProcessRecord fields;
  std::string comm, exe, cmdline, cgroup;

  ProcessRecord view() const {
    ProcessRecord record = fields;
    record.comm = comm;
    record.exe = exe;
    record.cmdline = cmdline;
    record.cgroup = cgroup;
    return record;
  }
};

void expect_same(const ProcessRecord& got, const ProcessRecord& expected) {
  ASSERT_EQ(got.serial, expected.serial);
  ASSERT_EQ(got.fact, expected.fact);
  ASSERT_EQ(got.flags, expected.flags);
  ASSERT_EQ(got.other, expected.other);
  ASSERT_EQ(got.pid, expected.pid);
  ASSERT_EQ(got.ppid, expected.ppid);
  ASSERT_EQ(got.uid, expected.uid);
  ASSERT_EQ(got.gid, expected.gid);
  ASSERT_EQ(got.time_ns, expected.time_ns);
  ASSERT_EQ(got.comm, expected.comm);
  ASSERT_EQ(got.exe, expected.exe);
  ASSERT_EQ(got.cmdline, expected.cmdline);
  ASSERT_EQ(got.cgroup, expected.cgroup);
}

// Derives the whole record from its serial and the size of its command line, so that the consumer needs no
// copy.
OwnedRecord make_record(ImageSerial serial, std::size_t cmdline_bytes) {
  OwnedRecord record;
  record.fields.fact = static_cast<ProcessFact>(serial % 5);
  record.fields.flags = static_cast<std::uint8_t>(serial % 8);
  record.fields.serial = serial;
  record.fields.other = serial * 3;
  record.fields.pid = serial + 1;
  record.fields.ppid = serial + 2;
  record.fields.uid = serial + 3;
  record.fields.gid = serial + 4;
  record.fields.time_ns = std::uint64_t{serial} << 32U;
  record.comm = std::string(serial % (format::kMaxCommBytes + 1), static_cast<char>('a' + serial % 26));
  record.exe = "/exe/" + std::to_string(serial);
  record.cgroup = "/cgroup" + std::to_string(serial % 7);
  record.cmdline = std::string(cmdline_bytes, static_cast<char>(serial % 256));
  return record;
}

class ProcessLogTest : public ::testing::Test {
 protected:
  static ProcessLog create() {
    auto log = ProcessLog::create();
    EXPECT_TRUE(log.ok());
    return std::move(*log);
  }
  bool append(const OwnedRecord& record) { return log_.append(record.view()); }
  void expect_next(const OwnedRecord& expected) {
    const auto got = log_.peek(log_.position());
    ASSERT_TRUE(got);
    expect_same(*got, expected.view());
    log_.pop();
  }
  std::uint32_t fill(std::size_t cmdline_bytes) {
    std::uint32_t count = 0;
    while (append(make_record(count + 1, cmdline_bytes))) ++count;
    return count;
  }

  ProcessLog log_ = create();
};

TEST_F(ProcessLogTest, EmptyLogHasNothing) {
  EXPECT_FALSE(log_.peek(log_.position()));
}

TEST_F(ProcessLogTest, RecordsComeOutInOrderWithTheirStrings) {
  for (ImageSerial serial = 1; serial <= 100; ++serial) ASSERT_TRUE(append(make_record(serial, serial)));
  for (ImageSerial serial = 1; serial <= 100; ++serial) expect_next(make_record(serial, serial));
  EXPECT_FALSE(log_.peek(log_.position()));
}

TEST_F(ProcessLogTest, LargestRecordFits) {
  OwnedRecord record = make_record(1, format::kMaxCmdlineBytes);
  record.comm = std::string(format::kMaxCommBytes, 'c');
  record.exe = std::string(format::kMaxPathBytes, 'e');
  record.cgroup = std::string(format::kMaxCgroupBytes, 'g');
  ASSERT_TRUE(append(record));
  expect_next(record);
}

TEST_F(ProcessLogTest, StringsMayHoldNulAndAnyByte) {
  OwnedRecord record = make_record(1, 0);
  record.cmdline = std::string("a\0\xff\0", 4);
  ASSERT_TRUE(append(record));
  expect_next(record);
}

TEST_F(ProcessLogTest, ReaderStopsAtTheLimitItWasGiven) {
  ASSERT_TRUE(append(make_record(1, 10)));
  const auto limit = log_.position();
  ASSERT_TRUE(append(make_record(2, 10)));
  ASSERT_TRUE(log_.peek(limit));
  log_.pop();
  EXPECT_FALSE(log_.peek(limit));
  EXPECT_TRUE(log_.peek(log_.position()));
}

TEST_F(ProcessLogTest, PeekingTwiceGivesTheSameRecord) {
  ASSERT_TRUE(append(make_record(1, 10)));
  ASSERT_TRUE(append(make_record(2, 10)));
  EXPECT_EQ(log_.peek(log_.position())->serial, 1U);
  EXPECT_EQ(log_.peek(log_.position())->serial, 1U);
}

TEST_F(ProcessLogTest, FullLogRefusesAndKeepsWhatItHas) {
  const auto count = fill(1000);
  EXPECT_GT(count, ProcessLog::kBytes / 1200);
  EXPECT_FALSE(append(make_record(99, 1000)));
  for (ImageSerial serial = 1; serial <= count; ++serial) expect_next(make_record(serial, 1000));
  EXPECT_FALSE(log_.peek(log_.position()));
}

TEST_F(ProcessLogTest, FullLogTakesRecordsAgainAfterPop) {
  const auto count = fill(1000);
  expect_next(make_record(1, 1000));
  expect_next(make_record(2, 1000));
  EXPECT_TRUE(append(make_record(count + 1, 1000)));
  for (ImageSerial serial = 3; serial <= count + 1; ++serial) expect_next(make_record(serial, 1000));
}

TEST_F(ProcessLogTest, AgreesWithAQueueOverManyLaps) {
  std::mt19937 random(tests::test_seed());
  std::deque<OwnedRecord> model;
  ImageSerial serial = 0;
  int refused = 0;
  while (log_.position() < 20 * ProcessLog::kBytes) {
    // Alternate between filling and draining, so that the log becomes both full and empty.
    const bool filling = (serial / 8000) % 2 == 0;
    if (model.empty() || random() % 10 < (filling ? 8U : 3U)) {
      auto record =
          make_record(++serial, random() % 8 == 0 ? random() % format::kMaxCmdlineBytes : random() % 300);
      if (append(record)) {
        model.push_back(std::move(record));
      } else {
        ++refused;
      }
    } else {
      ASSERT_NO_FATAL_FAILURE(expect_next(model.front()));
      model.pop_front();
    }
  }
  for (const auto& record : model) ASSERT_NO_FATAL_FAILURE(expect_next(record));
  EXPECT_FALSE(log_.peek(log_.position()));
  EXPECT_GT(refused, 0) << "the full log was not reached";
}

TEST_F(ProcessLogTest, CarriesRecordsFromThreadToThread) {
  constexpr ImageSerial kRecords = 300'000;
  const auto size_of = [](ImageSerial serial) { return std::size_t{serial * 7919U % 700}; };
  std::atomic<std::uint64_t> published = 0;
  std::thread producer([&] {
    for (ImageSerial serial = 1; serial <= kRecords; ++serial) {
      const auto record = make_record(serial, size_of(serial));
      while (!append(record)) std::this_thread::yield();
      published.store(log_.position(), std::memory_order_release);
    }
  });
  for (ImageSerial serial = 1; serial <= kRecords;) {
    const auto got = log_.peek(published.load(std::memory_order_acquire));
    if (!got) {
      std::this_thread::yield();
      continue;
    }
    const auto expected = make_record(serial, size_of(serial));
    expect_same(*got, expected.view());
    log_.pop();
    // Continue after a failure: the producer must finish.
    ++serial;
  }
  producer.join();
  EXPECT_FALSE(log_.peek(log_.position()));
}

}  // namespace
}  // namespace rfan::recorder
