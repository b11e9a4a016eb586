#include "recorder/processes/proc_reader.h"

#include <dirent.h>
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

// Takes the next number off a list separated by spaces.
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
  // proc_pid_stat(5): "pid (comm) state ppid ...". comm may hold any byte, so the LAST parenthesis ends it.
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

bool is_of_own_pid_namespace(std::string_view status, std::uint32_t pid) {
  // The pid in the namespace of the mount comes first, then the pids in nested ones, down to the process's
  // own.
  constexpr std::string_view kKey = "\nNSpid:";
  const auto at = status.find(kKey);
  if (at == status.npos) return !status.empty();
  status.remove_prefix(at + kKey.size());
  std::uint64_t first = 0;
  return take_number(status, first) && first == pid && status.starts_with('\n');
}

bool in_initial_pid_namespace() {
  constexpr ino_t kInitialNamespace = 0xEFFFFFFC;  // PROC_PID_INIT_INO, include/linux/proc_ns.h
  struct stat status {};
  return ::stat("/proc/self/ns/pid", &status) != 0 || status.st_ino == kInitialNamespace;
}

bool parse_status_ids(std::string_view text, std::uint32_t& uid, std::uint32_t& gid) {
  return first_number_after(text, "\nUid:", uid) && first_number_after(text, "\nGid:", gid);
}

std::string_view parse_cgroup(std::string_view text) {
  // Lower ranks say more: v2 ("0::PATH"), named ("1:name=systemd:PATH"), controllers ("4:memory:PATH").
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
  ProcReader reader(std::move(proc), boottime_offset_ns);
  reader.process_.reset(::openat(reader.proc_.get(), "self", O_PATH | O_DIRECTORY | O_CLOEXEC));
  const auto status = reader.read_file("status", reader.status_);
  reader.process_.reset();
  if (is_of_own_pid_namespace(status, static_cast<std::uint32_t>(::getpid()))) return reader;
  return Error{"another pid namespace's proc, which would name the wrong processes, is mounted on", "/proc",
               0, "mount that of rfanrec's: unshare --mount-proc, or mount -t proc proc /proc"};
}

ProcReader::ProcReader(UniqueFd proc, std::int64_t boottime_offset_ns)
    : proc_(std::move(proc)),
      boottime_offset_ns_(boottime_offset_ns),
      ticks_per_second_(::sysconf(_SC_CLK_TCK)) {
  // The file has one line per hierarchy; the line of v2 is the last.
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
  const bool has_user = read_user(info, record);
  if (!tells_cgroup(info)) read_cgroup(record);
  process_.reset();
  return has_user ? ids_of(info, record) : ProcessIds{};
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
  if (!read_stat(record) || !read_user(info, record)) return false;
  read_program(record);
  // These ids belong to the first thread, as those of read_ids() do.
  ids_ = ids_of(info, record);
  const bool kernel_thread = (record.flags & format::kProcessKernelThread) != 0;
  if (record.exe.empty() && !kernel_thread && enter_other_thread(pid)) read_program(record);
  process_.reset();
  return true;
}

void ProcReader::read_program(ProcessRecord& record) {
  bool truncated = false;
  record.cmdline = read_file("cmdline", cmdline_, &truncated);
  if (truncated) record.flags |= format::kProcessCmdlineTruncated;
  // The executable comes after the arguments. Both disappear when the process ends, so an executable proves
  // that the arguments were there.
  read_exe(record);
  read_cgroup(record);
}

// A first thread that has ended has no memory any more, but other threads may still run the program. Tries
// only the first few threads, because the process waits meanwhile.
bool ProcReader::enter_other_thread(std::uint32_t pid) {
  const UniqueFd threads(::openat(process_.get(), "task", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  alignas(dirent64) std::array<char, 512> list;
  const ssize_t bytes = threads ? ::getdents64(threads.get(), list.data(), list.size()) : 0;
  for (ssize_t at = 0; at < bytes;) {
    const auto* entry = reinterpret_cast<const dirent64*>(list.data() + at);
    at += entry->d_reclen;
    std::uint32_t thread = 0;
    const std::string_view name(entry->d_name);
    if (std::from_chars(name.data(), name.data() + name.size(), thread).ec != std::errc() || thread == pid)
      continue;
    process_.reset(::openat(threads.get(), entry->d_name, O_PATH | O_DIRECTORY | O_CLOEXEC));
    ProcessRecord record;
    if (process_) read_exe(record);
    if (!record.exe.empty()) return true;
  }
  return false;
}

std::string_view ProcReader::read_file(const char* name, std::span<char> buffer, bool* truncated) {
  const UniqueFd file(::openat(process_.get(), name, O_RDONLY | O_CLOEXEC));
  // One read() returns the whole of such a file.
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
  // After a suspend, a process may have started before CLOCK_MONOTONIC's zero.
  record.time_ns = static_cast<std::uint64_t>(std::max<std::int64_t>(since_boot_ns - boottime_offset_ns_, 0));
  return true;
}

bool ProcReader::read_user(const std::optional<PidfdInfo>& info, ProcessRecord& record) {
  if (!info) return parse_status_ids(read_file("status", status_), record.uid, record.gid);
  record.uid = info->uid;
  record.gid = info->gid;
  return true;
}

void ProcReader::read_cgroup(ProcessRecord& record) {
  record.cgroup = parse_cgroup(read_file("cgroup", cgroup_));
}

void ProcReader::read_exe(ProcessRecord& record) {
  // Not NUL-terminated: the length is what readlinkat returns.
  const ssize_t bytes = ::readlinkat(process_.get(), "exe", exe_.data(), exe_.size());
  record.exe = {exe_.data(), static_cast<std::size_t>(bytes > 0 ? bytes : 0)};
  // AT_STATX_DONT_SYNC keeps a remote filesystem from making us wait.
  struct statx file {};
  const bool found = ::statx(process_.get(), "exe", AT_STATX_DONT_SYNC, STATX_INO, &file) == 0;
  record.inode = found ? file.stx_ino : 0;
}

}  // namespace rfan::recorder
