// What /proc says about one process, read without allocating and without opening a file on a watched
// filesystem.
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

// Whose a process is. A process that cannot be read has none of it.
struct ProcessIds {
  std::uint32_t uid = UINT32_MAX;  // real; UINT32_MAX, which is nobody's: not known
  std::uint32_t gid = UINT32_MAX;
  std::uint64_t cgroup = 0;  // fingerprint of the control group; 0: not known

  // All of it.
  bool known() const { return cgroup != 0; }
  bool operator==(const ProcessIds&) const = default;
};

// Fixed buffers, reused by every read; one thread. proc is not a filesystem that permission events exist for
// (FS_DISALLOW_NOTIFY_PERM), so that reading it while an opener is held cannot wait for ourselves.
class ProcReader {
 public:
  // Opens /proc once. `boottime_offset_ns` is CLOCK_BOOTTIME minus CLOCK_MONOTONIC: /proc counts in boot
  // time. Fails where /proc numbers processes as another pid namespace does: it would name the wrong ones.
  static Result<ProcReader> open(std::int64_t boottime_offset_ns);

  // Fills everything but `serial` and `other` of a kDetails record; its strings point into this object and
  // are valid until the next read. False when the process does not exist (any more) or none of its files
  // could be read.
  bool read(std::uint32_t pid, ProcessRecord& record);

  // The user, the group and the control group that read() would tell: in 5 us instead of 50; in 17 where
  // there are cgroups v1, in 25 before Linux 6.13.
  ProcessIds read_ids(std::uint32_t pid);
  // The same of the process that was read() last.
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
  // Whether a pidfd tells the control group that /proc would.
  bool tells_cgroup(const std::optional<PidfdInfo>& info) const { return info && !has_cgroups_v1_; }
  ProcessIds ids_of(const std::optional<PidfdInfo>& info, const ProcessRecord& record) const;

  // A line per hierarchy. Of a longer file the lines that are whole are used.
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

// Fields of /proc/PID/stat that we use. Pure, for tests: comm may contain spaces and parentheses.
struct StatFields {
  std::string_view comm;
  std::uint32_t ppid = 0;
  bool kernel_thread = false;
  std::uint64_t start_ticks = 0;  // since boot, in units of sysconf(_SC_CLK_TCK)
};
bool parse_stat(std::string_view text, StatFields& fields);

// Whether the text of /proc/self/status is of a proc that numbers processes as the kernel does for process
// `pid` itself. True before Linux 4.1, which does not say.
bool is_of_own_pid_namespace(std::string_view status, std::uint32_t pid);

// Whether this process has the pids of the machine, and not of a namespace of its own.
bool in_initial_pid_namespace();

// The real user and group in the text of /proc/PID/status.
bool parse_status_ids(std::string_view text, std::uint32_t& uid, std::uint32_t& gid);

// The control group in the text of /proc/PID/cgroup (cgroups(7)), a part of `text`: the path in the unified
// hierarchy (v2) unless that is the root; else in the named v1 hierarchies (systemd's), else in those of
// the controllers, the first that is not the root; "/" when all are. Empty when there is no whole line.
std::string_view parse_cgroup(std::string_view text);

}  // namespace rfan::recorder
