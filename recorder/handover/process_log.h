// Carries the reader thread's facts about processes, in order, to the writer thread.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "recorder/system/locked_memory.h"

namespace rfan::recorder {

// Number of one program image of one process, assigned by the reader thread. A fork, an exec and a change of
// user, group, control group or comm each make a new image. 0 is an unknown process. Never reused within a
// recording.
using ImageSerial = std::uint32_t;

enum class ProcessFact : std::uint8_t {
  kFork,  // image `serial` begins as a copy of `other`
  kExec,  // image `serial` replaces `other` in the same process; `comm` is known
  // Image `serial` replaces `other` in the same process, which runs the same program, and
  kUser,     // ... its real user is `uid`
  kGroup,    // ... its real group is `gid`
  kComm,     // ... its name is `comm`
  kChanged,  // ... something else changed after `since_ns`; kDetails of `serial` follow
  kExePath,  // `serial` runs the executable `exe` (from its first executable mapping)
  kDetails,  // everything in /proc about `serial`, which may be new
  kExit,     // the process of `serial` is gone
};

struct ProcessRecord {
  ProcessFact fact = ProcessFact::kDetails;
  std::uint8_t flags = 0;  // format::kProcess* bits
  ImageSerial serial = 0;
  ImageSerial other = 0;
  std::uint32_t pid = 0;
  std::uint32_t ppid = 0;
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::uint64_t time_ns = 0;   // CLOCK_MONOTONIC of the fact; for kDetails: start of the process
  std::uint64_t since_ns = 0;  // likewise, for kChanged: when `other` was last known to be right
  std::uint64_t inode = 0;     // inode number of the executed file; 0: unknown
  std::string_view comm{};
  std::string_view exe{};      // the kernel's path, perhaps with kDeletedSuffix
  std::string_view cmdline{};  // arguments, each ended by NUL
  std::string_view cgroup{};   // as in format::Process
};

// Lock-free log of fixed size for a single producer (reader thread) and a single consumer (writer thread). It
// refuses a record that does not fit and never waits; the caller counts the loss.
class ProcessLog {
 public:
  // A record takes 64 bytes plus its strings. A short process leaves about 500 bytes (fork, exec, path,
  // details, exit). 8 MiB hold 16,000 such processes, which is seconds of the fastest fork loop. Unused parts
  // occupy no memory.
  static constexpr std::size_t kBytes = 8 * 1024 * 1024;

  static Result<ProcessLog> create();
  ProcessLog(ProcessLog&& other) noexcept;
  ProcessLog& operator=(ProcessLog&&) = delete;

  // Reader thread. Returns false if there is no room.
  bool append(const ProcessRecord& record);
  // Reader thread. Returns the position of the next record; the writer may read everything before it.
  std::uint64_t position() const { return written_; }

  // Writer thread. Returns the oldest record before `limit` (a position()), or nothing. Its strings are valid
  // until pop().
  std::optional<ProcessRecord> peek(std::uint64_t limit);
  void pop();

 private:
  struct Head;
  explicit ProcessLog(LockedMemory memory) : memory_(std::move(memory)) {}
  std::byte* at(std::uint64_t position) const { return memory_.data() + position % kBytes; }

  LockedMemory memory_;
  // Positions count bytes since the start; modulo kBytes they are offsets.
  std::uint64_t written_ = 0;                // reader thread
  std::uint64_t popped_ = 0;                 // writer thread
  std::uint64_t current_bytes_ = 0;          // writer thread: size of the record that peek() returned
  std::atomic<std::uint64_t> released_ = 0;  // end of the records that the writer has finished with
};

}  // namespace rfan::recorder
