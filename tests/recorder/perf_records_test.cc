#include "recorder/kernel/perf_records.h"

#include <gtest/gtest.h>
#include <linux/perf_event.h>

#include <cstring>
#include <string>
#include <vector>

namespace rfan::recorder {
namespace {

using Type = PerfRecord::Type;

// One record in the kernel's layout; done() completes the header.
class Bytes {
 public:
  Bytes(std::uint32_t type, std::uint16_t misc = 0) { put(perf_event_header{type, misc, 0}); }

  template <typename Value>
  Bytes& put(Value value) {
    const auto at = bytes_.size();
    bytes_.resize(at + sizeof value);
    std::memcpy(bytes_.data() + at, &value, sizeof value);
    return *this;
  }
  Bytes& u32(std::uint32_t value) { return put(value); }
  Bytes& u64(std::uint64_t value) { return put(value); }
  // Appends text that is NUL-terminated and padded to 8 bytes, as by the kernel.
  Bytes& text(const std::string& value) {
    for (const char c : value) put(c);
    do put('\0');
    while (bytes_.size() % 8 != 0);
    return *this;
  }
  std::vector<std::byte> done() {
    const auto size = static_cast<std::uint16_t>(bytes_.size());
    std::memcpy(bytes_.data() + offsetof(perf_event_header, size), &size, sizeof size);
    return bytes_;
  }

 private:
  std::vector<std::byte> bytes_;
};

constexpr std::uint64_t kSampleTime = 999;

Bytes task(std::uint32_t type, std::uint32_t pid, std::uint32_t ppid, std::uint32_t tid, std::uint32_t ptid) {
  return Bytes(type).u32(pid).u32(ppid).u32(tid).u32(ptid).u64(12345).u64(kSampleTime);
}

Bytes comm(std::uint16_t misc, const std::string& name) {
  return Bytes(PERF_RECORD_COMM, misc).u32(50).u32(50).text(name).u64(kSampleTime);
}

Bytes mmap2(const std::string& path) {
  Bytes record(PERF_RECORD_MMAP2);
  record.u32(50).u32(51).u64(0x1000).u64(0x2000).u64(0);  // pid, tid, address, length, offset
  record.u32(8).u32(1).u64(77).u64(0).u32(5).u32(2);      // device, inode, generation, protection, flags
  return record.text(path).u64(kSampleTime);
}

Bytes lost(std::uint64_t count) {
  return Bytes(PERF_RECORD_LOST).u64(3).u64(count).u64(kSampleTime);
}

TEST(PerfRecords, ForkOfAProcessNamesChildAndParent) {
  const auto bytes = task(PERF_RECORD_FORK, 51, 50, 51, 50).done();
  const auto record = decode_perf_record(bytes);
  ASSERT_TRUE(record);
  EXPECT_EQ(record->type, Type::kFork);
  EXPECT_EQ(record->pid, 51U);
  EXPECT_EQ(record->ppid, 50U);
  EXPECT_EQ(record->time_ns, 12345U);
}

TEST(PerfRecords, NewThreadIsOfNoInterest) {
  EXPECT_FALSE(decode_perf_record(task(PERF_RECORD_FORK, 50, 50, 52, 50).done()));
}

TEST(PerfRecords, ExitOfTheFirstThreadIsTheExitOfTheProcess) {
  const auto bytes = task(PERF_RECORD_EXIT, 50, 1, 50, 1).done();
  const auto record = decode_perf_record(bytes);
  ASSERT_TRUE(record);
  EXPECT_EQ(record->type, Type::kExit);
  EXPECT_EQ(record->pid, 50U);
  EXPECT_EQ(record->time_ns, 12345U);
}

TEST(PerfRecords, ExitOfAnotherThreadIsOfNoInterest) {
  EXPECT_FALSE(decode_perf_record(task(PERF_RECORD_EXIT, 50, 1, 52, 1).done()));
}

TEST(PerfRecords, CommOfAnExecCarriesTheNewName) {
  const auto bytes = comm(PERF_RECORD_MISC_COMM_EXEC, "cc1plus").done();
  const auto record = decode_perf_record(bytes);
  ASSERT_TRUE(record);
  EXPECT_EQ(record->type, Type::kExec);
  EXPECT_EQ(record->pid, 50U);
  EXPECT_EQ(record->text, "cc1plus");
  EXPECT_EQ(record->time_ns, kSampleTime);
}

TEST(PerfRecords, CommWithoutAnExecIsAProcessThatTookAnotherName) {
  const auto bytes = comm(0, "worker").done();
  const auto record = decode_perf_record(bytes);
  ASSERT_TRUE(record);
  EXPECT_EQ(record->type, Type::kComm);
  EXPECT_EQ(record->pid, 50U);
  EXPECT_EQ(record->text, "worker");
}

TEST(PerfRecords, NameOfAnotherThreadIsOfNoInterest) {
  EXPECT_FALSE(decode_perf_record(
      Bytes(PERF_RECORD_COMM, 0).u32(50).u32(51).u64(0x4141414141414141).u64(kSampleTime).done()));
}

TEST(PerfRecords, CommOfFifteenBytesIsWhole) {
  const auto bytes = comm(PERF_RECORD_MISC_COMM_EXEC, "123456789012345").done();
  EXPECT_EQ(decode_perf_record(bytes)->text, "123456789012345");
}

TEST(PerfRecords, MappingCarriesThePath) {
  const auto bytes = mmap2("/usr/bin/vim.basic").done();
  const auto record = decode_perf_record(bytes);
  ASSERT_TRUE(record);
  EXPECT_EQ(record->type, Type::kMapping);
  EXPECT_EQ(record->pid, 50U);
  EXPECT_EQ(record->text, "/usr/bin/vim.basic");
  EXPECT_EQ(record->time_ns, kSampleTime);
}

TEST(PerfRecords, PathIsBytes) {
  const auto bytes = mmap2("/tmp/\xff\xfe\n").done();
  EXPECT_EQ(decode_perf_record(bytes)->text, "/tmp/\xff\xfe\n");
}

TEST(PerfRecords, TextWithoutEndStopsBeforeTheSampleTime) {
  const auto bytes = Bytes(PERF_RECORD_COMM, PERF_RECORD_MISC_COMM_EXEC)
                         .u32(50)
                         .u32(50)
                         .u64(0x4141414141414141)
                         .u64(0x4242424242424242)
                         .done();
  EXPECT_EQ(decode_perf_record(bytes)->text, "AAAAAAAA");
}

TEST(PerfRecords, LostTellsHowMany) {
  const auto bytes = lost(643).done();
  const auto record = decode_perf_record(bytes);
  ASSERT_TRUE(record);
  EXPECT_EQ(record->type, Type::kLost);
  EXPECT_EQ(record->lost, 643U);
  EXPECT_EQ(record->time_ns, kSampleTime);
}

TEST(PerfRecords, UnknownTypeIsOfNoInterest) {
  EXPECT_FALSE(decode_perf_record(Bytes(PERF_RECORD_SAMPLE).u64(1).u64(2).u64(3).done()));
}

// Less than the fixed part is not a record. Shortened text is valid.
TEST(PerfRecords, TruncatedRecordsAreRefused) {
  const struct {
    std::vector<std::byte> whole;
    std::size_t least;  // the least number of bytes that can be decoded
  } rows[] = {
      {task(PERF_RECORD_FORK, 51, 50, 51, 50).done(), 8 + 24},
      {task(PERF_RECORD_EXIT, 50, 1, 50, 1).done(), 8 + 24},
      {comm(PERF_RECORD_MISC_COMM_EXEC, "vim").done(), 8 + 8 + 8},
      {mmap2("/bin/x").done(), 8 + 64 + 8},
      {lost(1).done(), 8 + 16 + 8},
  };
  for (const auto& [whole, least] : rows) {
    for (std::size_t size = 0; size < least; ++size) {
      // Copy exactly that size, so that AddressSanitizer sees a read beyond it.
      const std::vector<std::byte> cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
      EXPECT_FALSE(decode_perf_record(cut)) << size << " of " << whole.size();
    }
    EXPECT_TRUE(decode_perf_record(whole));
  }
}

}  // namespace
}  // namespace rfan::recorder
