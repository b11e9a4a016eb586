// Reads one process from /proc, without allocating and without opening a file on a watched filesystem.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "format/base/error.h"
#include "format/base/limits.h"
#include "format/base/unique_fd.h"
#include "format/model/event.h"
#include "recorder/handover/process_log.h"
#include "recorder/kernel/pidfd_info.h"

namespace rfan::recorder {

// The user, group and control group of a process. A process that cannot be read has none of them.
struct ProcessIds {
  std::uint32_t uid = UINT32_MAX;  // real; UINT32_MAX, which nobody has: unknown
  std::uint32_t gid = UINT32_MAX;
  std::uint64_t cgroup = 0;  // fingerprint of the control group; 0: unknown

  // Returns whether all of them are known.
  bool known() const { return cgroup != 0; }
  bool operator==(const ProcessIds&) const = default;
};

// Reads into fixed buffers, which every read reuses; for one thread. The kernel has no permission events on
// proc (FS_DISALLOW_NOTIFY_PERM), so reading it while an opener waits cannot wait for ourselves. The class
// is large because each file of /proc/PID has a buffer and a function in it.
class ProcReader {
 public:
  // Opens /proc once. `boottime_offset_ns` is CLOCK_BOOTTIME minus CLOCK_MONOTONIC, because /proc counts in
  // boot time. Fails if /proc belongs to another pid namespace: it would name the wrong processes.
  static Result<ProcReader> open(std::int64_t boottime_offset_ns);

  // Fills a kDetails record, except `serial` and `other`. Its strings point into this object and are valid
  // until the next read. Returns false if the process does not exist any more or its stat or status could not
  // be read.
  bool read(std::uint32_t pid, ProcessRecord& record);

  // Returns the user, group and control group that read() would return. Takes 5 us instead of 50 us; 17 us
  // with cgroups v1, 25 us before Linux 6.13.
  ProcessIds read_ids(std::uint32_t pid);
  // Returns these ids for the process of the last read().
  const ProcessIds& ids() const { return ids_; }

 private:
  ProcReader(UniqueFd proc, std::int64_t boottime_offset_ns);
  bool enter(std::uint32_t pid);
  bool enter_other_thread(std::uint32_t pid);
  void read_program(ProcessRecord& record);
  std::string_view read_file(const char* name, std::span<char> buffer, bool* truncated = nullptr);
  void read_exe(ProcessRecord& record);
  bool read_stat(ProcessRecord& record);
  bool read_user(const std::optional<PidfdInfo>& info, ProcessRecord& record);
  void read_cgroup(ProcessRecord& record);
  // Returns whether a pidfd gives the same control group as /proc.
  bool tells_cgroup(const std::optional<PidfdInfo>& info) const { return info && !has_cgroups_v1_; }
  ProcessIds ids_of(const std::optional<PidfdInfo>& info, const ProcessRecord& record) const;

  // /proc/PID/cgroup has one line per hierarchy. Only the whole lines of a longer file are used.
  static constexpr std::size_t kCgroupFileBytes = 4 * format::kMaxCgroupBytes;

  UniqueFd proc_;
  std::int64_t boottime_offset_ns_;
  long ticks_per_second_;
  bool has_cgroups_v1_;
  ProcessIds ids_;
  UniqueFd process_;  // /proc/PID of the process being read
  std::array<char, 1024> stat_{};
  std::array<char, 4096> status_{};
  std::array<char, format::kMaxPathBytes> exe_{};
  std::array<char, format::kMaxCmdlineBytes> cmdline_{};
  std::array<char, kCgroupFileBytes> cgroup_{};
};

// The fields of /proc/PID/stat that we use.
struct StatFields {
  std::string_view comm;
  std::uint32_t ppid = 0;
  bool kernel_thread = false;
  std::uint64_t start_ticks = 0;  // since boot, in ticks of sysconf(_SC_CLK_TCK)
};
bool parse_stat(std::string_view text, StatFields& fields);

// Returns whether `status`, the text of /proc/self/status, comes from a proc that numbers processes as the
// kernel does for process `pid` itself. Returns true before Linux 4.1, which does not say.
bool is_of_own_pid_namespace(std::string_view status, std::uint32_t pid);

// Returns whether this process sees the machine's pids and not those of another pid namespace.
bool in_initial_pid_namespace();

// Reads the real user and group from the text of /proc/PID/status.
bool parse_status_ids(std::string_view text, std::uint32_t& uid, std::uint32_t& gid);

// Returns the control group in the text of /proc/PID/cgroup (cgroups(7)), as a part of `text`. Prefers the
// path in the unified hierarchy (v2), then those in the named v1 hierarchies (systemd's), then those of the
// controllers; takes the first that is not the root. Returns "/" if all are the root, and an empty view if
// there is no whole line.
std::string_view parse_cgroup(std::string_view text);

}  // namespace rfan::recorder
