// Records of the perf side band (fork, exec, executable mappings, exit), decoded. Pure: no system calls. The
// process connector tells of users and groups in the same form.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace rfan::recorder {

struct PerfRecord {
  enum class Type : std::uint8_t {
    kFork,     // a new process (new threads are not reported)
    kExec,     // a process runs a new program; `text` is its comm
    kComm,     // a process has another comm without that; `text` is it
    kUser,     // a process set its user ids; `id` is the real one
    kGroup,    // likewise its group ids
    kMapping,  // an executable mapping of a file; `text` is the path
    kExit,     // the first thread of a process ended
    kLost,     // `lost` records did not fit into the ring
  };
  Type type = Type::kLost;
  std::uint32_t pid = 0;
  std::uint32_t ppid = 0;     // kFork: the process that forked
  std::uint32_t id = 0;       // kUser, kGroup
  std::uint64_t time_ns = 0;  // CLOCK_MONOTONIC
  std::uint64_t lost = 0;
  std::uint64_t inode = 0;  // kMapping: number of the file's
  std::string_view text;    // points into the bytes given
};

// `record` is one whole record, header included, of an event opened with sample_id_all and PERF_SAMPLE_TIME
// alone (perf_event_open(2)). Nothing for record types and threads that are of no interest, and for malformed
// ones.
std::optional<PerfRecord> decode_perf_record(std::span<const std::byte> record);

}  // namespace rfan::recorder
