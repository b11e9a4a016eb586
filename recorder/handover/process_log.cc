#include "recorder/handover/process_log.h"

#include <cstring>
#include <utility>

#include "format/base/limits.h"

namespace rfan::recorder {

// A record's head inside the ring. A head with `bytes` of 0 ends the lap: the next record is at the start of
// the memory.
struct ProcessLog::Head {
  std::uint32_t bytes;
  ProcessFact fact;
  std::uint8_t flags;
  std::uint16_t comm_bytes;
  std::uint16_t exe_bytes;
  std::uint16_t cgroup_bytes;
  std::uint32_t cmdline_bytes;
  ImageSerial serial;
  ImageSerial other;
  std::uint32_t pid;
  std::uint32_t ppid;
  std::uint32_t uid;
  std::uint32_t gid;
  std::uint64_t time_ns;
  std::uint64_t inode;
  std::uint64_t since_ns;
};

namespace {

static_assert(format::kMaxCommBytes <= UINT16_MAX && format::kMaxPathBytes <= UINT16_MAX &&
                  format::kMaxCgroupBytes <= UINT16_MAX,
              "lengths in Head have 16 bits");

constexpr std::size_t kAlignment = 8;

constexpr std::size_t aligned(std::size_t bytes) {
  return (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

std::byte* put(std::byte* to, std::string_view bytes) {
  if (!bytes.empty()) std::memcpy(to, bytes.data(), bytes.size());  // an empty view may be null
  return to + bytes.size();
}

}  // namespace

Result<ProcessLog> ProcessLog::create() {
  auto memory = LockedMemory::allocate(kBytes, "process log");
  if (!memory) return memory.error();
  return ProcessLog(std::move(*memory));
}

ProcessLog::ProcessLog(ProcessLog&& other) noexcept
    : memory_(std::move(other.memory_)),
      written_(other.written_),
      popped_(other.popped_),
      current_bytes_(other.current_bytes_),
      released_(other.released_.load()) {}

bool ProcessLog::append(const ProcessRecord& record) {
  static_assert(sizeof(Head) % kAlignment == 0 && kBytes % kAlignment == 0);
  const std::size_t bytes = aligned(sizeof(Head) + record.comm.size() + record.exe.size() +
                                    record.cmdline.size() + record.cgroup.size());
  const std::size_t left_in_lap = kBytes - written_ % kBytes;
  const std::size_t skip = bytes > left_in_lap ? left_in_lap : 0;
  const std::uint64_t used = written_ - released_.load(std::memory_order_acquire);
  if (used + skip + bytes > kBytes) return false;
  if (skip != 0) {
    std::memset(at(written_), 0, sizeof(std::uint32_t));
    written_ += skip;
  }
  const Head head{static_cast<std::uint32_t>(bytes),
                  record.fact,
                  record.flags,
                  static_cast<std::uint16_t>(record.comm.size()),
                  static_cast<std::uint16_t>(record.exe.size()),
                  static_cast<std::uint16_t>(record.cgroup.size()),
                  static_cast<std::uint32_t>(record.cmdline.size()),
                  record.serial,
                  record.other,
                  record.pid,
                  record.ppid,
                  record.uid,
                  record.gid,
                  record.time_ns,
                  record.inode,
                  record.since_ns};
  std::byte* to = at(written_);
  std::memcpy(to, &head, sizeof head);
  to += sizeof head;
  for (const auto text : {record.comm, record.exe, record.cmdline, record.cgroup}) to = put(to, text);
  written_ += bytes;
  return true;
}

std::optional<ProcessRecord> ProcessLog::peek(std::uint64_t limit) {
  if (popped_ >= limit) return std::nullopt;
  Head head;
  std::memcpy(&head.bytes, at(popped_), sizeof head.bytes);
  if (head.bytes == 0) {
    popped_ += kBytes - popped_ % kBytes;
    if (popped_ >= limit) return std::nullopt;
  }
  std::memcpy(&head, at(popped_), sizeof head);
  current_bytes_ = head.bytes;
  const char* text = reinterpret_cast<const char*>(at(popped_) + sizeof head);
  ProcessRecord record;
  record.fact = head.fact;
  record.flags = head.flags;
  record.serial = head.serial;
  record.other = head.other;
  record.pid = head.pid;
  record.ppid = head.ppid;
  record.uid = head.uid;
  record.gid = head.gid;
  record.time_ns = head.time_ns;
  record.inode = head.inode;
  record.since_ns = head.since_ns;
  const auto take = [&text](std::size_t bytes) {
    return std::string_view(std::exchange(text, text + bytes), bytes);
  };
  record.comm = take(head.comm_bytes);
  record.exe = take(head.exe_bytes);
  record.cmdline = take(head.cmdline_bytes);
  record.cgroup = take(head.cgroup_bytes);
  return record;
}

void ProcessLog::pop() {
  popped_ += current_bytes_;
  current_bytes_ = 0;
  released_.store(popped_, std::memory_order_release);
}

}  // namespace rfan::recorder
