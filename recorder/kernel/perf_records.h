// Decodes records of the perf side band (fork, exec, executable mappings, exit). Pure: no system calls. The
// process connector reports users and groups in the same form.
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
    kComm,     // a process changed its comm without an exec; `text` is the new one
    kUser,     // a process set its user ids; `id` is the real one
    kGroup,    // a process set its group ids; `id` is the real one
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
  std::uint64_t inode = 0;  // kMapping: inode number of the file
  std::string_view text;    // points into the decoded bytes
};

// Decodes one whole record, header included, of an event opened with sample_id_all and only PERF_SAMPLE_TIME
// (perf_event_open(2)). Returns nothing for malformed records and for record types and threads that we do not
// use.
std::optional<PerfRecord> decode_perf_record(std::span<const std::byte> record);

}  // namespace rfan::recorder
