#include "recorder/process_tracker.h"

#include <dirent.h>

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>

#include "recorder/clock.h"
#include "recorder/deleted_suffix.h"

namespace rfan::recorder {

namespace {

// Highest pid the kernel gives out, plus one. 4 Mi is the limit of a 64-bit kernel (PID_MAX_LIMIT).
std::uint32_t read_pid_limit() {
  constexpr std::uint32_t kPidMaxLimit = 4 * 1024 * 1024;
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen("/proc/sys/kernel/pid_max", "re"),
                                                             &std::fclose);
  unsigned limit = 0;
  if (!file || std::fscanf(file.get(), "%u", &limit) != 1) return kPidMaxLimit;
  return limit;
}

// Two readings of a pid with the same fingerprint are the same program of the same process.
std::uint64_t fingerprint_of(const ProcessRecord& record) {
  const std::hash<std::string_view> hash;
  std::uint64_t mixed = record.time_ns;
  // A program does not become another one when its file is unlinked.
  for (const auto text : {without_deleted_suffix(record.exe), record.cmdline, record.comm, record.cgroup})
    mixed = mixed * 0x9E3779B97F4A7C15U + hash(text);
  return mixed;
}

}  // namespace

Result<ProcessTracker> ProcessTracker::create(ProcessLog& log, ProcReader reader, bool side_band) {
  const std::uint32_t pid_limit = read_pid_limit();
  auto table = LockedMemory::allocate(pid_limit * sizeof(Entry), "process table");
  if (!table) return table.error();
  return ProcessTracker(log, std::move(reader), std::move(*table), pid_limit, side_band);
}

ProcessTracker::ProcessTracker(ProcessLog& log, ProcReader reader, LockedMemory table,
                               std::uint32_t pid_limit, bool side_band)
    : log_(log),
      reader_(std::move(reader)),
      table_(std::move(table)),
      pid_limit_(pid_limit),
      side_band_(side_band) {}

ProcessTracker::Entry* ProcessTracker::entry(std::uint32_t pid) {
  if (pid == 0 || pid >= pid_limit_) return nullptr;
  return reinterpret_cast<Entry*>(table_.data()) + pid;
}

std::uint32_t ProcessTracker::seed() {
  const std::unique_ptr<DIR, int (*)(DIR*)> proc(::opendir("/proc"), &::closedir);
  std::uint32_t count = 0;
  while (const dirent* item = proc ? ::readdir(proc.get()) : nullptr) {
    const auto pid = static_cast<std::uint32_t>(std::strtoul(item->d_name, nullptr, 10));
    if (Entry* found = entry(pid); found != nullptr && identify_again(pid, *found) != 0) ++count;
  }
  return count;
}

void ProcessTracker::begin_batch(std::uint64_t now_ns) {
  now_ms_ = static_cast<std::uint32_t>(now_ns / 1'000'000);
  if (!side_band_) ++generation_;
}

void ProcessTracker::apply(const PerfRecord& record) {
  if (record.type == PerfRecord::Type::kLost) {
    lost_ += record.lost;
    invalidate();
    return;
  }
  Entry* process = entry(record.pid);
  if (process == nullptr) return;
  switch (record.type) {
    case PerfRecord::Type::kFork:
      return apply_fork(record, *process);
    case PerfRecord::Type::kExec:
      return apply_exec(record, *process);
    case PerfRecord::Type::kComm:
      process->ids = 0;  // not as its parent, nor are its forks as it was read
      return;
    case PerfRecord::Type::kMapping:
      return apply_mapping(record, *process);
    case PerfRecord::Type::kExit:
      process->exit_ms = static_cast<std::uint32_t>(record.time_ns / 1'000'000);
      append({.fact = ProcessFact::kExit,
              .serial = process->serial,
              .pid = record.pid,
              .time_ns = record.time_ns});
      return;
    case PerfRecord::Type::kLost:
      return;
  }
}

void ProcessTracker::apply_fork(const PerfRecord& record, Entry& child) {
  const Entry nobody;
  const Entry* known = entry(record.ppid);
  const Entry& parent = known != nullptr ? *known : nobody;
  child = {.serial = next_serial_++,
           .generation = generation_,
           .needs_details = true,
           .in_tree = record.pid == root_pid_ || parent.in_tree,
           .accepted = parent.accepted,
           .ids = parent.generation == generation_ ? parent.ids : 0};
  append({.fact = ProcessFact::kFork,
          .serial = child.serial,
          .other = parent.serial,
          .pid = record.pid,
          .ppid = record.ppid,
          .time_ns = record.time_ns});
}

void ProcessTracker::apply_exec(const PerfRecord& record, Entry& process) {
  const ImageSerial before = process.serial;
  process = {.serial = next_serial_++,
             .generation = generation_,
             .needs_details = true,
             .executed = true,
             .awaits_exe = true,
             .in_tree = process.in_tree};
  append({.fact = ProcessFact::kExec,
          .serial = process.serial,
          .other = before,
          .pid = record.pid,
          .time_ns = record.time_ns,
          .comm = record.text});
}

void ProcessTracker::apply_mapping(const PerfRecord& record, Entry& process) {
  // "//anon" and the like are no files.
  if (!process.awaits_exe || !record.text.starts_with('/') || record.text.starts_with("//")) return;
  process.awaits_exe = false;
  append({.fact = ProcessFact::kExePath,
          .serial = process.serial,
          .pid = record.pid,
          .inode = record.inode,
          .exe = record.text});
}

ImageSerial ProcessTracker::attribute(std::uint32_t pid) {
  Entry* process = entry(pid);
  if (process == nullptr) return 0;
  // The exit may lie behind begin_batch(): the side band is drained after the read.
  const bool long_gone = process->exit_ms != 0 && now_ms_ > process->exit_ms + kExitGraceMs;
  if (long_gone) *process = {};
  if (process->serial == 0 || process->generation != generation_) return identify_again(pid, *process);
  return process->serial;
}

ImageSerial ProcessTracker::attribute_held(std::uint32_t pid, bool executes) {
  attribute(pid);
  Entry* process = entry(pid);
  if (process == nullptr) return 0;
  const bool begins_exec = executes && !process->is_executing;  // its interpreter is held as well
  if (executes) process->is_executing = true;
  if (begins_exec && process->ids != 0) {
    follow_ids(pid, *process);
  } else if (process->needs_details && !process->has_same_ids) {
    meet_held(pid, *process);
  }
  return process->serial;
}

// What it executes inherits its ids. If they are not as known any more, it is another image from here on:
// what it did before was done by the other user.
void ProcessTracker::follow_ids(std::uint32_t pid, Entry& process) {
  process.has_same_ids = process.ids == reader_.read_ids(pid);
  ProcessRecord record;
  if (process.has_same_ids || !read_proc(pid, record)) return;
  // Killed meanwhile, it has no executable and no control group any more, and executes nothing.
  if (record.exe.empty()) return;
  apply_exec({.type = PerfRecord::Type::kExec, .pid = pid, .time_ns = monotonic_ns(), .text = record.comm},
             process);
  complete(process, record);
}

void ProcessTracker::meet_held(std::uint32_t pid, Entry& process) {
  process.has_same_ids = process.ids != 0 && process.ids == reader_.read_ids(pid);
  if (process.has_same_ids) return keep_unread(pid, process);
  ProcessRecord record;
  if (!read_proc(pid, record)) return;
  complete(process, record);
  // Once its parent is read, not all its other forks must be.
  Entry* parent = process.executed ? nullptr : entry(record.ppid);
  if (parent != nullptr && parent->executed && parent->needs_details) keep_unread(record.ppid, *parent);
}

ImageSerial ProcessTracker::attribute_told(std::uint32_t pid, bool may_be_read) {
  const ImageSerial serial = attribute(pid);
  // A fork alone is no reason: its program is its parent's.
  if (may_be_read && wants_reading(pid, serial) && entry(pid)->executed) keep_unread(pid, *entry(pid));
  return serial;
}

void ProcessTracker::keep_unread(std::uint32_t pid, Entry& process) {
  if (process.is_unread || unread_count_ == unread_.size()) return;
  unread_[unread_count_++] = {pid, process.serial};
  process.is_unread = true;
}

bool ProcessTracker::wants_reading(std::uint32_t pid, ImageSerial image) {
  const Entry* process = entry(pid);
  return process != nullptr && image != 0 && process->serial == image && process->needs_details &&
         process->generation == generation_ && process->exit_ms == 0;
}

// The image is known from the side band; /proc adds user, command line and executable.
void ProcessTracker::complete(Entry& process, ProcessRecord& record) {
  record.serial = process.serial;
  // What did not fit into the log must be read again.
  if (!append(record)) return;
  process.needs_details = false;
  process.awaits_exe = false;
  process.fingerprint = fingerprint_of(record);
  process.ids = reader_.ids();
  judge(process, record);
}

void ProcessTracker::watch_scope(std::uint32_t root_pid, const RecordFilter& filter) {
  root_pid_ = root_pid;
  filter_ = filter;
}

bool ProcessTracker::is_recorded(std::uint32_t pid) {
  const Entry* process = entry(pid);
  if (!filter_ || process == nullptr || process->serial == 0) return false;
  return (root_pid_ == 0 || process->in_tree) && process->accepted;
}

void ProcessTracker::judge(Entry& process, const ProcessRecord& record) const {
  if (!filter_) return;
  process.accepted =
      filter_->accepts_process({without_deleted_suffix(record.exe), record.comm, record.uid, record.cgroup});
}

// What is known of the pid may be out of date. A process that cannot be read any more keeps its last known
// image.
ImageSerial ProcessTracker::identify_again(std::uint32_t pid, Entry& process) {
  ProcessRecord record;
  if (!read_proc(pid, record)) return process.serial;
  const auto fingerprint = fingerprint_of(record);
  process.generation = generation_;
  process.exit_ms = 0;
  if (process.serial != 0 && process.fingerprint == fingerprint) return process.serial;
  record.serial = next_serial_++;
  process = {
      .serial = record.serial, .generation = generation_, .fingerprint = fingerprint, .ids = reader_.ids()};
  const Entry* parent = entry(record.ppid);
  process.in_tree = pid == root_pid_ || (parent != nullptr && parent->in_tree);
  judge(process, record);
  // What did not fit into the log must be read again.
  if (!append(record)) process = {};
  return process.serial;
}

bool ProcessTracker::read_proc(std::uint32_t pid, ProcessRecord& record) {
  const std::uint64_t start_ns = monotonic_ns();
  const bool known = reader_.read(pid, record);
  ++process_reads_;
  process_read_ns_ += monotonic_ns() - start_ns;
  return known;
}

bool ProcessTracker::append(const ProcessRecord& record) {
  if (log_.append(record)) return true;
  ++lost_;
  invalidate();
  return false;
}

std::uint64_t ProcessTracker::take_lost() {
  const auto lost = lost_;
  lost_ = 0;
  return lost;
}

}  // namespace rfan::recorder
