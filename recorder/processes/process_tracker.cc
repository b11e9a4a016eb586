#include "recorder/processes/process_tracker.h"

#include <dirent.h>

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <utility>

#include "recorder/system/clock.h"
#include "recorder/system/deleted_suffix.h"

namespace rfan::recorder {

namespace {

// Returns the highest pid of the kernel plus one. A 64-bit kernel allows up to 4 Mi (PID_MAX_LIMIT).
std::uint32_t read_pid_limit() {
  constexpr std::uint32_t kPidMaxLimit = 4 * 1024 * 1024;
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen("/proc/sys/kernel/pid_max", "re"),
                                                             &std::fclose);
  unsigned limit = 0;
  if (!file || std::fscanf(file.get(), "%u", &limit) != 1) return kPidMaxLimit;
  return limit;
}

// Identifies the program of a process: two reads of a pid with the same fingerprint saw the same program of
// the same process. User, group and control group are in ProcessIds.
std::uint64_t fingerprint_of(const ProcessRecord& record) {
  const std::hash<std::string_view> hash;
  std::uint64_t mixed = record.time_ns;
  // Unlinking the file of a program does not make it another program.
  for (const auto text : {without_deleted_suffix(record.exe), record.cmdline, record.comm})
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
  set_now(monotonic_ns());
  while (const dirent* item = proc ? ::readdir(proc.get()) : nullptr) {
    const auto pid = static_cast<std::uint32_t>(std::strtoul(item->d_name, nullptr, 10));
    if (Entry* found = entry(pid); found != nullptr && identify_again(pid, *found) != 0) ++count;
  }
  return count;
}

void ProcessTracker::set_now(std::uint64_t now_ns) {
  now_ns_ = now_ns;
  now_ms_ = static_cast<std::uint32_t>(now_ns / 1'000'000);
}

void ProcessTracker::begin_batch(std::uint64_t now_ns) {
  set_now(now_ns);
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
      return change(
          *process,
          {.fact = ProcessFact::kComm, .pid = record.pid, .time_ns = record.time_ns, .comm = record.text});
    case PerfRecord::Type::kUser:
    case PerfRecord::Type::kGroup:
      return apply_id(record, *process);
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
           .looked_ms = parent.looked_ms,
           .needs_details = true,
           .in_tree = record.pid == root_pid_ || parent.in_tree,
           .accepted = parent.accepted,
           .ids = parent.generation == generation_ && has_sure_ids(parent) ? parent.ids : ProcessIds{}};
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
             .looked_ms = process.looked_ms,
             .needs_details = true,
             .executed = true,
             .awaits_exe = true,
             .in_tree = process.in_tree,
             .ids = process.ids};
  append({.fact = ProcessFact::kExec,
          .serial = process.serial,
          .other = before,
          .pid = record.pid,
          .time_ns = record.time_ns,
          .comm = record.text});
}

void ProcessTracker::apply_mapping(const PerfRecord& record, Entry& process) {
  // Names such as "//anon" are not files.
  if (!process.awaits_exe || !record.text.starts_with('/') || record.text.starts_with("//")) return;
  process.awaits_exe = false;
  append({.fact = ProcessFact::kExePath,
          .serial = process.serial,
          .pid = record.pid,
          .inode = record.inode,
          .exe = record.text});
}

// Applies a change of the real id. Effective ids change more often, in file servers with every request.
void ProcessTracker::apply_id(const PerfRecord& record, Entry& process) {
  const bool user = record.type == PerfRecord::Type::kUser;
  auto& known = user ? process.ids.uid : process.ids.gid;
  if (known == record.id) return;
  known = record.id;
  change(process, {.fact = user ? ProcessFact::kUser : ProcessFact::kGroup,
                   .pid = record.pid,
                   .uid = record.id,
                   .gid = record.id,
                   .time_ns = record.time_ns});
}

// Makes the process another image of the same program.
void ProcessTracker::change(Entry& process, ProcessRecord fact) {
  if (process.serial == 0) return;
  fact.other = process.serial;
  fact.serial = process.serial = next_serial_++;
  process.is_unread = false;
  if (filter_) {
    // It must be read again to be judged again.
    process.needs_details = true;
    process.has_same_ids = false;
    process.accepted = false;
    process.ids.cgroup = 0;
  }
  append(fact);
}

ImageSerial ProcessTracker::attribute(std::uint32_t pid) {
  Entry* process = entry(pid);
  if (process == nullptr) return 0;
  // The exit may be later than begin_batch(), because the side band is drained after the read. The
  // milliseconds wrap.
  const auto gone_ms = static_cast<std::int32_t>(now_ms_ - process->exit_ms);
  const bool long_gone = process->exit_ms != 0 && gone_ms > static_cast<std::int32_t>(kExitGraceMs);
  if (long_gone) *process = {};
  if (process->serial == 0 || process->generation != generation_) return identify_again(pid, *process);
  return process->serial;
}

ImageSerial ProcessTracker::attribute_permission(std::uint32_t pid, bool executes) {
  attribute(pid);
  Entry* process = entry(pid);
  if (process == nullptr) return 0;
  const bool begins_exec = executes && !process->is_executing;  // the exec's interpreter has an event as well
  process->is_executing = executes;  // a failed attempt is over when it opens another file
  const bool looks_at_exec = begins_exec && has_sure_ids(*process);
  if (process->needs_details && !process->has_same_ids && !looks_at_exec) {
    meet_opener(pid, *process);
  } else if (looks_at_exec || wants_look(*process)) {
    look_again(pid, *process);
  }
  return process->serial;
}

// Returns whether `ids` can be trusted. An unread program has inherited them, unless they changed since.
bool ProcessTracker::has_sure_ids(const Entry& process) {
  return process.ids.known() && !(process.executed && process.needs_details);
}

// Returns whether a program was read before its exec had its arguments and its credentials. The kernel sets
// them after it reports the exec (begin_new_exec, then create_elf_tables), and gives every program an
// argument. Returns true only once, since a program may also hide its arguments.
bool ProcessTracker::is_amid_exec(Entry& process, const ProcessRecord& record) {
  if (!process.executed || !process.needs_details || process.was_amid_exec) return false;
  process.was_amid_exec = record.cmdline.empty() && !record.exe.empty();
  return process.was_amid_exec;
}

bool ProcessTracker::wants_look(const Entry& process) const {
  return has_sure_ids(process) && process.exit_ms == 0 && now_ms_ - process.looked_ms >= kLookAgainMs;
}

void ProcessTracker::look_again(std::uint32_t pid, Entry& process) {
  ProcessRecord record;
  // If it was killed meanwhile, it causes no more events (read_later()).
  if (!looks_the_same(pid, process) && read_proc(pid, record) && !record.exe.empty())
    complete(process, record);
}

// On a difference, keeps in looked_ms the time of the last look that found these ids.
bool ProcessTracker::looks_the_same(std::uint32_t pid, Entry& process) {
  process.has_same_ids = process.ids == reader_.read_ids(pid);
  if (process.has_same_ids) process.looked_ms = now_ms_;
  return process.has_same_ids;
}

void ProcessTracker::meet_opener(std::uint32_t pid, Entry& process) {
  if (has_sure_ids(process)) {
    look_again(pid, process);
    if (process.has_same_ids) keep_unread(pid, process);
    return;
  }
  ProcessRecord record;
  if (!read_proc(pid, record)) return;
  complete(process, record);
  // Reading the parent spares reading each of its other forks.
  Entry* parent = process.executed ? nullptr : entry(record.ppid);
  if (parent != nullptr && parent->executed && parent->needs_details) keep_unread(record.ppid, *parent);
}

ImageSerial ProcessTracker::attribute_notification(std::uint32_t pid, bool may_be_read) {
  const ImageSerial serial = attribute(pid);
  if (!is_current(pid, serial)) return serial;
  Entry& process = *entry(pid);
  // A fork alone is no reason to read it: it runs its parent's program.
  if (may_be_read && ((process.needs_details && process.executed) || wants_look(process)))
    keep_unread(pid, process);
  return serial;
}

void ProcessTracker::keep_unread(std::uint32_t pid, Entry& process) {
  if (process.is_unread || unread_count_ == unread_.size()) return;
  unread_[unread_count_++] = {pid, process.serial};
  process.is_unread = true;
}

// Returns whether the image is still that of the pid, so that a read now describes it.
bool ProcessTracker::is_current(std::uint32_t pid, ImageSerial image) {
  const Entry* process = entry(pid);
  return process != nullptr && image != 0 && process->serial == image && process->generation == generation_ &&
         process->exit_ms == 0;
}

// Adds the user, command line and executable from /proc to an image that the side band reported. If its ids
// have changed, it becomes another image from here on, because its earlier events belong to the other user.
void ProcessTracker::complete(Entry& process, ProcessRecord& record) {
  if (process.ids.known() && process.ids != reader_.ids()) {
    // Wraps as looked_ms does, every 49 days.
    const std::uint32_t looked_ago_ms = now_ms_ - process.looked_ms;
    change(process, {.fact = ProcessFact::kChanged,
                     .pid = record.pid,
                     .time_ns = monotonic_ns(),
                     .since_ns = now_ns_ - std::min(now_ns_, std::uint64_t{looked_ago_ms} * 1'000'000)});
  }
  record.serial = process.serial;
  // A record that did not fit into the log must be read again.
  if (!append(record)) return;
  process.needs_details = false;
  process.awaits_exe = false;
  process.fingerprint = fingerprint_of(record);
  process.ids = reader_.ids();
  process.looked_ms = now_ms_;
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

// Reads a pid again whose data may be out of date. A process that cannot be read any more keeps its last
// image.
ImageSerial ProcessTracker::identify_again(std::uint32_t pid, Entry& process) {
  ProcessRecord record;
  if (!read_proc(pid, record)) return process.serial;
  const auto fingerprint = fingerprint_of(record);
  process.generation = generation_;
  process.exit_ms = 0;
  process.looked_ms = now_ms_;
  const bool same = process.fingerprint == fingerprint && process.ids == reader_.ids();
  if (process.serial != 0 && same) return process.serial;
  record.serial = next_serial_++;
  process = {.serial = record.serial,
             .generation = generation_,
             .looked_ms = now_ms_,
             .fingerprint = fingerprint,
             .ids = reader_.ids()};
  const Entry* parent = entry(record.ppid);
  process.in_tree = pid == root_pid_ || (parent != nullptr && parent->in_tree);
  judge(process, record);
  // A record that did not fit into the log must be read again.
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
