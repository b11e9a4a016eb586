#include "recorder/proc_reader.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <functional>

namespace rfan::recorder {

namespace {

constexpr std::uint64_t kPfKthread = 0x00200000;  // include/linux/sched.h; field 9 of /proc/PID/stat

// The next field of a space-separated list as a number; advances `text`.
bool take_number(std::string_view& text, std::uint64_t& value) {
  const auto start = text.find_first_not_of(" \t");
  if (start == std::string_view::npos) return false;
  text.remove_prefix(start);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{}) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

bool skip_fields(std::string_view& text, int count) {
  for (; count > 0; --count) {
    const auto start = text.find_first_not_of(' ');
    if (start == std::string_view::npos) return false;
    const auto end = text.find(' ', start);
    if (end == std::string_view::npos) return false;
    text.remove_prefix(end);
  }
  return true;
}

bool first_number_after(std::string_view text, std::string_view key, std::uint32_t& value) {
  const auto at = text.find(key);
  if (at == std::string_view::npos) return false;
  text.remove_prefix(at + key.size());
  std::uint64_t number = 0;
  if (!take_number(text, number)) return false;
  value = static_cast<std::uint32_t>(number);
  return true;
}

}  // namespace

bool parse_stat(std::string_view text, StatFields& fields) {
  // proc_pid_stat(5): "pid (comm) state ppid ...". comm may hold any byte, so its end is the LAST
  // parenthesis.
  const auto open = text.find('(');
  const auto close = text.rfind(')');
  if (open == std::string_view::npos || close == std::string_view::npos || close < open) return false;
  fields.comm = text.substr(open + 1, close - open - 1);
  text.remove_prefix(close + 1);
  std::uint64_t ppid = 0;
  std::uint64_t flags = 0;
  if (!skip_fields(text, 1) || !take_number(text, ppid)) return false;                 // field 4
  if (!skip_fields(text, 4) || !take_number(text, flags)) return false;                // field 9
  if (!skip_fields(text, 12) || !take_number(text, fields.start_ticks)) return false;  // field 22
  fields.ppid = static_cast<std::uint32_t>(ppid);
  fields.kernel_thread = (flags & kPfKthread) != 0;
  return true;
}

bool parse_status_ids(std::string_view text, std::uint32_t& uid, std::uint32_t& gid) {
  return first_number_after(text, "\nUid:", uid) && first_number_after(text, "\nGid:", gid);
}

std::string_view parse_cgroup(std::string_view text) {
  // Lower ranks tell more: v2 ("0::PATH"), named ("1:name=systemd:PATH"), controllers ("4:memory:PATH").
  enum Rank { kUnified, kNamed, kController, kRoot, kNone };
  Rank best = kNone;
  std::string_view cgroup;
  for (std::size_t end = text.find('\n'); end != text.npos; end = text.find('\n')) {
    const auto line = text.substr(0, end);
    text.remove_prefix(end + 1);
    const auto first = line.find(':');
    const auto second = first == line.npos ? first : line.find(':', first + 1);
    if (second == line.npos) continue;
    const auto hierarchy = line.substr(first + 1, second - first - 1);
    const auto path = line.substr(second + 1);
    if (path.empty() || path.size() > format::kMaxCgroupBytes) continue;
    const Rank rank = path == "/"                      ? kRoot
                      : hierarchy.empty()              ? kUnified
                      : hierarchy.starts_with("name=") ? kNamed
                                                       : kController;
    if (rank >= best) continue;
    best = rank;
    cgroup = path;
  }
  return cgroup;
}

Result<ProcReader> ProcReader::open(std::int64_t boottime_offset_ns) {
  UniqueFd proc(::open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!proc) return errno_error("cannot open", "/proc", "rfanrec needs proc to name processes");
  return ProcReader(std::move(proc), boottime_offset_ns);
}

ProcReader::ProcReader(UniqueFd proc, std::int64_t boottime_offset_ns)
    : proc_(std::move(proc)),
      boottime_offset_ns_(boottime_offset_ns),
      ticks_per_second_(::sysconf(_SC_CLK_TCK)) {
  // A line per hierarchy, that of v2 last.
  has_cgroups_v1_ =
      !enter(static_cast<std::uint32_t>(::getpid())) || !read_file("cgroup", cgroup_).starts_with("0:");
  process_.reset();
}

bool ProcReader::enter(std::uint32_t pid) {
  std::array<char, 16> name;
  std::snprintf(name.data(), name.size(), "%u", pid);
  process_.reset(::openat(proc_.get(), name.data(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  return static_cast<bool>(process_);
}

ProcessIds ProcReader::read_ids(std::uint32_t pid) {
  const auto info = read_pidfd_info(pid);
  if (!tells_cgroup(info) && !enter(pid)) return {};
  ProcessRecord record;
  read_user(info, record);
  if (!tells_cgroup(info)) read_cgroup(record);
  process_.reset();
  return ids_of(info, record);
}

ProcessIds ProcReader::ids_of(const std::optional<PidfdInfo>& info, const ProcessRecord& record) const {
  const std::uint64_t cgroup =
      tells_cgroup(info) ? info->cgroup_id : std::hash<std::string_view>{}(record.cgroup);
  return {record.uid, record.gid, std::max<std::uint64_t>(cgroup, 1)};
}

bool ProcReader::read(std::uint32_t pid, ProcessRecord& record) {
  const auto info = read_pidfd_info(pid);
  if (!enter(pid)) return false;
  record.fact = ProcessFact::kDetails;
  record.flags = 0;
  record.pid = pid;
  if (!read_stat(record)) return false;
  read_user(info, record);
  bool truncated = false;
  record.cmdline = read_file("cmdline", cmdline_, &truncated);
  if (truncated) record.flags |= format::kProcessCmdlineTruncated;
  // After the arguments: both are gone once the process ends, so that an executable vouches for them.
  read_exe(record);
  read_cgroup(record);
  process_.reset();
  ids_ = ids_of(info, record);
  return true;
}

std::string_view ProcReader::read_file(const char* name, std::span<char> buffer, bool* truncated) {
  const UniqueFd file(::openat(process_.get(), name, O_RDONLY | O_CLOEXEC));
  // These files come in one piece.
  const ssize_t bytes = file ? ::read(file.get(), buffer.data(), buffer.size()) : 0;
  const auto length = static_cast<std::size_t>(std::max<ssize_t>(bytes, 0));
  if (truncated != nullptr) *truncated = length == buffer.size();
  return {buffer.data(), length};
}

bool ProcReader::read_stat(ProcessRecord& record) {
  StatFields fields;
  if (!parse_stat(read_file("stat", stat_), fields)) return false;
  record.comm = fields.comm.substr(0, format::kMaxCommBytes);
  record.ppid = fields.ppid;
  if (fields.kernel_thread) record.flags |= format::kProcessKernelThread;
  const auto since_boot_ns =
      static_cast<std::int64_t>(fields.start_ticks) * (1'000'000'000 / ticks_per_second_);
  // Before a suspend, CLOCK_MONOTONIC may not have reached 0 yet at the start of the process.
  record.time_ns = static_cast<std::uint64_t>(std::max<std::int64_t>(since_boot_ns - boottime_offset_ns_, 0));
  return true;
}

void ProcReader::read_user(const std::optional<PidfdInfo>& info, ProcessRecord& record) {
  record.uid = info ? info->uid : 0;
  record.gid = info ? info->gid : 0;
  if (!info) parse_status_ids(read_file("status", status_), record.uid, record.gid);
}

void ProcReader::read_cgroup(ProcessRecord& record) {
  record.cgroup = parse_cgroup(read_file("cgroup", cgroup_));
}

void ProcReader::read_exe(ProcessRecord& record) {
  // Not NUL-terminated: the length is what readlinkat returns.
  const ssize_t bytes = ::readlinkat(process_.get(), "exe", exe_.data(), exe_.size());
  record.exe = {exe_.data(), static_cast<std::size_t>(bytes > 0 ? bytes : 0)};
  // Asks no filesystem that could make us wait.
  struct statx file {};
  const bool found = ::statx(process_.get(), "exe", AT_STATX_DONT_SYNC, STATX_INO, &file) == 0;
  record.inode = found ? file.stx_ino : 0;
}

}  // namespace rfan::recorder
