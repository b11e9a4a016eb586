#include "recorder/kernel/perf_records.h"

#include <linux/perf_event.h>

#include <cstring>

namespace rfan::recorder {

namespace {

// Layouts from perf_event_open(2), after the header.
struct TaskBody {  // PERF_RECORD_FORK, PERF_RECORD_EXIT
  std::uint32_t pid, ppid, tid, ptid;
  std::uint64_t time;
};
struct CommBody {
  std::uint32_t pid, tid;  // then comm[], padded to 8, then the sample id
};
struct Mmap2Body {
  std::uint32_t pid, tid;
  std::uint64_t address, length, offset;
  std::uint32_t major, minor;
  std::uint64_t inode, generation;
  std::uint32_t protection, flags;  // then filename[], padded, then the sample id
};
struct LostBody {
  std::uint64_t id, lost;
};

using Bytes = std::span<const std::byte>;
constexpr std::size_t kSampleIdBytes = sizeof(std::uint64_t);  // PERF_SAMPLE_TIME only

template <typename Body>
bool take(Bytes& bytes, Body& body) {
  if (bytes.size() < sizeof body) return false;
  std::memcpy(&body, bytes.data(), sizeof body);
  bytes = bytes.subspan(sizeof body);
  return true;
}

// The NUL-terminated string at the start of `bytes`.
std::string_view text_of(Bytes bytes) {
  const char* text = reinterpret_cast<const char*>(bytes.data());
  return {text, ::strnlen(text, bytes.size())};
}

std::uint64_t sample_time(Bytes sample_id) {
  std::uint64_t time = 0;
  std::memcpy(&time, sample_id.data(), sizeof time);
  return time;
}

std::optional<PerfRecord> decode_task(std::uint32_t type, Bytes body) {
  TaskBody task;
  if (!take(body, task)) return std::nullopt;
  const bool fork = type == PERF_RECORD_FORK;
  // A new thread has the process id of its creator. The end of a thread other than the first does not end the
  // process.
  if (fork ? task.pid == task.ppid : task.pid != task.tid) return std::nullopt;
  PerfRecord record;
  record.type = fork ? PerfRecord::Type::kFork : PerfRecord::Type::kExit;
  record.pid = task.pid;
  record.ppid = task.ppid;
  record.time_ns = task.time;
  return record;
}

template <typename Body>
std::optional<PerfRecord> decode_named(PerfRecord::Type type, Bytes body) {
  Body fixed;
  if (!take(body, fixed) || body.size() < kSampleIdBytes) return std::nullopt;
  PerfRecord record;
  record.type = type;
  record.pid = fixed.pid;
  record.text = text_of(body.first(body.size() - kSampleIdBytes));
  record.time_ns = sample_time(body.last(kSampleIdBytes));
  return record;
}

std::optional<PerfRecord> decode_mapping(Bytes body) {
  auto record = decode_named<Mmap2Body>(PerfRecord::Type::kMapping, body);
  Mmap2Body fixed;
  if (record && take(body, fixed)) record->inode = fixed.inode;
  return record;
}

std::optional<PerfRecord> decode_comm(bool exec, Bytes body) {
  CommBody fixed;
  Bytes rest = body;
  const bool of_process = take(rest, fixed) && fixed.pid == fixed.tid;  // false: of another thread
  if (!exec && !of_process) return std::nullopt;
  return decode_named<CommBody>(exec ? PerfRecord::Type::kExec : PerfRecord::Type::kComm, body);
}

}  // namespace

std::optional<PerfRecord> decode_perf_record(Bytes bytes) {
  perf_event_header header;
  if (!take(bytes, header)) return std::nullopt;
  switch (header.type) {
    case PERF_RECORD_FORK:
    case PERF_RECORD_EXIT:
      return decode_task(header.type, bytes);
    case PERF_RECORD_COMM:
      return decode_comm((header.misc & PERF_RECORD_MISC_COMM_EXEC) != 0, bytes);
    case PERF_RECORD_MMAP2:
      return decode_mapping(bytes);
    case PERF_RECORD_LOST: {
      LostBody lost;
      if (!take(bytes, lost) || bytes.size() < kSampleIdBytes) return std::nullopt;
      PerfRecord record;
      record.lost = lost.lost;
      record.time_ns = sample_time(bytes);
      return record;
    }
    default:
      return std::nullopt;
  }
}

}  // namespace rfan::recorder
