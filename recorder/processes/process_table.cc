#include "recorder/processes/process_table.h"

#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

#include "recorder/system/deleted_suffix.h"

namespace rfan::recorder {

using format::Process;
using format::ProcessId;

namespace {

// /proc gives the start of a process in ticks of 10 ms, the side band in nanoseconds.
bool same_start(std::uint64_t a, std::uint64_t b) {
  constexpr std::uint64_t kTwoTicksNs = 20'000'000;
  return (a > b ? a - b : b - a) <= kTwoTicksNs;
}

// A process that is ending has given up its memory; /proc then shows neither executable nor arguments.
bool has_lost_its_program(const ProcessRecord& details) {
  return details.exe.empty() && (details.flags & format::kProcessKernelThread) == 0;
}

// Returns whether the path of the executable leads us to another file than the executed one. A path from the
// side band may have lost its file since, and its inode may be that of an overlay's layer; neither counts as
// another file.
bool is_another_file(const ProcessRecord& record) {
  if (record.inode == 0 || !record.exe.starts_with('/')) return false;
  const std::string path(record.exe);
  struct stat named {};
  const bool of_side_band = record.fact == ProcessFact::kExePath;
  if (::stat(path.c_str(), &named) != 0) return !of_side_band && errno == ENOENT;
  if (named.st_ino == record.inode) return false;
  struct statfs filesystem {};
  const bool on_overlay =
      ::statfs(path.c_str(), &filesystem) == 0 && filesystem.f_type == OVERLAYFS_SUPER_MAGIC;
  return !of_side_band || !on_overlay;
}

bool same_program(const Process& a, const Process& b) {
  return a.pid == b.pid && a.ppid == b.ppid && a.uid == b.uid && a.gid == b.gid && a.comm == b.comm &&
         a.cmdline == b.cmdline && a.cgroup == b.cgroup && a.flags == b.flags;
}

}  // namespace

ProcessTable::Image* ProcessTable::find(ImageSerial serial) {
  const auto found = images_.find(serial);
  return found == images_.end() ? nullptr : &found->second;
}

bool ProcessTable::scope_of_new(std::uint32_t pid, const Image* parent) const {
  return root_pid_ == 0 || pid == root_pid_ || (parent != nullptr && parent->in_scope);
}

void ProcessTable::apply(ProcessRecord record) {
  if (names_deleted(record.exe, nullptr)) {
    record.exe = without_deleted_suffix(record.exe);
    record.flags |= format::kProcessExeDeleted;
  } else if (is_another_file(record)) {
    unreachable_ = "(unreachable)" + std::string(record.exe);
    record.exe = unreachable_;
  }
  switch (record.fact) {
    case ProcessFact::kFork:
      return apply_fork(record);
    case ProcessFact::kExec:
      return apply_exec(record);
    case ProcessFact::kUser:
    case ProcessFact::kGroup:
    case ProcessFact::kComm:
    case ProcessFact::kChanged:
      return apply_change(record);
    case ProcessFact::kDetails:
      return apply_details(record);
    case ProcessFact::kExePath:
      return apply_exe_path(record);
    case ProcessFact::kExit:
      return retire(record.serial, record.time_ns);
  }
}

void ProcessTable::apply_fork(const ProcessRecord& record) {
  Image child;
  const Image* parent = find(record.other);
  if (parent != nullptr) {
    child.process = parent->process;
    child.exe = parent->exe;
    child.exe_is_named = parent->exe_is_named;
    child.user_known = parent->user_known;
  }
  child.process.pid = record.pid;
  child.process.ppid = record.ppid;
  child.process.start_time_ns = record.time_ns;
  child.process.parent = parent != nullptr ? parent->trace_id : 0;
  child.parent = record.other;
  child.in_scope = scope_of_new(record.pid, parent);
  images_[record.serial] = std::move(child);
  latest_of_pid_[record.pid] = record.serial;
}

void ProcessTable::apply_exec(const ProcessRecord& record) {
  Image image;
  const Image* before = find(record.other);
  if (before != nullptr) {
    image.process = before->process;
    image.process.flags = 0;
    image.process.cmdline.clear();
    image.process.parent = before->trace_id;
    image.user_known = before->user_known;
  }
  image.process.pid = record.pid;
  image.process.comm = record.comm;
  image.parent = record.other;
  image.in_scope = scope_of_new(record.pid, before);
  images_[record.serial] = std::move(image);
  latest_of_pid_[record.pid] = record.serial;
  retire(record.other, record.time_ns);
}

// Adds the image that replaces another within the same program: it is not a child of that image.
void ProcessTable::apply_change(const ProcessRecord& record) {
  const Image* before = find(record.other);
  Image image;
  if (before != nullptr) {
    image = *before;
  } else {
    image.in_scope = scope_of_new(record.pid, nullptr);
  }
  image.before = record.other;
  image.since_ns = record.fact == ProcessFact::kChanged
                       ? std::max(record.since_ns, image.process.start_time_ns)
                       : record.time_ns;
  image.changed_ns = record.time_ns;
  Process& process = image.process;
  process.pid = record.pid;
  if (record.fact == ProcessFact::kUser) process.uid = record.uid;
  if (record.fact == ProcessFact::kGroup) process.gid = record.gid;
  if (record.fact == ProcessFact::kComm) process.comm = record.comm;
  image.user_known = image.user_known || record.fact == ProcessFact::kUser;
  if (before == nullptr || !same_program(process, before->process)) image.trace_id = 0;
  image.accepted.reset();
  image.has_events = false;
  images_[record.serial] = std::move(image);
  latest_of_pid_[record.pid] = record.serial;
  retire(record.other, record.time_ns);
}

// Copies the program's details to the image's predecessors in the same program, as far as theirs are still
// unread.
void ProcessTable::hand_back_program(const Image& image) {
  for (Image* before = find(image.before); before != nullptr && !before->is_read;
       before = find(before->before)) {
    before->is_read = true;
    Process process = before->process;
    process.cmdline = image.process.cmdline;
    process.flags = image.process.flags;
    if (same_program(process, before->process) && before->exe == image.exe) continue;
    before->process = std::move(process);
    before->exe = image.exe;
    before->accepted.reset();
    before->trace_id = 0;
  }
}

void ProcessTable::apply_details(const ProcessRecord& record) {
  const auto [position, is_new] = images_.try_emplace(record.serial);
  Image& image = position->second;
  if (is_new) adopt(image, record);
  Process details = image.process;
  details.pid = record.pid;
  details.ppid = record.ppid;
  details.uid = record.uid;
  details.gid = record.gid;
  details.comm = record.comm;
  const bool keeps_program = has_lost_its_program(record);
  if (!keeps_program) details.flags = record.flags;
  if (!keeps_program || !record.cmdline.empty()) details.cmdline = record.cmdline;
  // Without one, the inherited control group is the best guess.
  if (!record.cgroup.empty()) details.cgroup = record.cgroup;
  // The side band's start time is exact; /proc's has a resolution of 10 ms.
  if (details.start_time_ns == 0) details.start_time_ns = record.time_ns;
  const bool keeps_exe = keeps_program || image.exe_is_named;
  const std::string_view exe = keeps_exe ? std::string_view(image.exe) : record.exe;
  // An entry of the trace cannot be changed, so new knowledge makes a new entry.
  if (!same_program(details, image.process) || image.exe != exe) image.trace_id = 0;
  image.process = std::move(details);
  image.user_known = true;
  image.accepted.reset();
  if (!keeps_exe) image.exe = exe;
  if (!keeps_program) hand_back_program(image);
  image.is_read = true;
  latest_of_pid_[record.pid] = record.serial;
}

// Finds the parent of an image that appeared without a fork or exec notification.
void ProcessTable::adopt(Image& image, const ProcessRecord& record) {
  const Image* before = find(latest_of(record.pid));
  if (before != nullptr && same_start(before->process.start_time_ns, record.time_ns)) {
    // The same process as before, read again after notifications were lost.
    image.parent = before->parent;
    image.process.parent = before->process.parent;
    image.in_scope = before->in_scope;
    // An exec in between would have changed the comm.
    if (has_lost_its_program(record) && before->process.comm == record.comm) {
      image.exe = before->exe;
      image.process.cmdline = before->process.cmdline;
    }
    return;
  }
  image.parent = latest_of(record.ppid);
  image.in_scope = scope_of_new(record.pid, find(image.parent));
}

ImageSerial ProcessTable::latest_of(std::uint32_t pid) const {
  const auto found = latest_of_pid_.find(pid);
  return found == latest_of_pid_.end() ? 0 : found->second;
}

void ProcessTable::apply_exe_path(const ProcessRecord& record) {
  Image* image = find(record.serial);
  if (image == nullptr || image->exe_is_named || image->exe == record.exe) return;
  image->exe = record.exe;
  image->process.flags = record.flags;
  image->accepted.reset();
  image->trace_id = 0;  // an entry of the trace cannot be changed
}

void ProcessTable::name_executable(ImageSerial serial, std::string_view path) {
  Image* named = find(serial);
  if (named == nullptr) return;
  set_executable(*named, path);
  // Also name the later images of the same program.
  std::vector<Image*> later;
  for (Image* image = find(latest_of(named->process.pid)); image != nullptr && image != named;
       image = find(image->before))
    later.push_back(image);
  const bool is_the_same_program = !later.empty() && later.back()->before == serial;
  for (Image* image : later) {
    if (is_the_same_program) set_executable(*image, path);
  }
}

void ProcessTable::set_executable(Image& image, std::string_view path) {
  image.exe_is_named = true;
  if (image.exe == path) return;
  image.exe = path;
  image.accepted.reset();
  image.trace_id = 0;  // an entry of the trace cannot be changed
}

void ProcessTable::retire(ImageSerial serial, std::uint64_t time_ns) {
  if (images_.contains(serial)) exited_.push_back({serial, time_ns});
}

ProcessTable::Scope ProcessTable::scope_of(ImageSerial serial) const {
  if (root_pid_ == 0) return Scope::kInside;
  const auto found = images_.find(serial);
  if (found == images_.end()) return Scope::kUnknown;
  return found->second.in_scope ? Scope::kInside : Scope::kOutside;
}

ProcessTable::Scope ProcessTable::accepts(ImageSerial serial, const RecordFilter& filter) {
  if (!filter.asks_about_processes()) return Scope::kInside;
  Image* image = find(serial);
  if (image == nullptr) return filter.accepts_process({}) ? Scope::kInside : Scope::kUnknown;
  image->has_events = true;
  if (decide(*image, filter)) return Scope::kInside;
  return !image->user_known && filter.accepts_but_for_user(traits_of(*image)) ? Scope::kUnknown
                                                                              : Scope::kOutside;
}

ProcessTraits ProcessTable::traits_of(const Image& image) {
  const auto& process = image.process;
  ProcessTraits traits{image.exe, process.comm, std::nullopt, process.cgroup};
  if (image.user_known) traits.uid = process.uid;
  return traits;
}

bool ProcessTable::decide(Image& image, const RecordFilter& filter) {
  if (image.accepted) return *image.accepted;
  image.accepted = filter.accepts_process(traits_of(image));
  Image* before = find(image.before);
  if (before != nullptr && before->has_events && image.since_ns < image.changed_ns &&
      decide(*before, filter) != *image.accepted)
    doubt_ = {image.since_ns, image.changed_ns};
  return *image.accepted;
}

// Returns the image that this one came from. If that is forgotten and not in this file either, returns the
// present image of the parent process, unless a later process has taken that pid.
ImageSerial ProcessTable::parent_of(const Image& image) {
  if (find(image.parent) != nullptr || image.process.parent != 0) return image.parent;
  const auto serial = latest_of(image.process.ppid);
  const Image* parent = find(serial);
  return parent != nullptr && parent->process.start_time_ns < image.process.start_time_ns ? serial : 0;
}

void ProcessTable::begin_file() {
  for (auto& [serial, image] : images_) {
    image.trace_id = 0;
    image.process.parent = 0;
  }
}

ProcessId ProcessTable::trace_id(ImageSerial serial, format::TraceWriter& trace) {
  Image* image = find(serial);
  if (image == nullptr) return 0;
  if (image->trace_id != 0) return image->trace_id;
  const ImageSerial parent_serial = parent_of(*image);
  if (const Image* parent = find(parent_serial); parent != nullptr && parent->in_scope) {
    image->process.parent = trace_id(parent_serial, trace);
  }
  image->process.exe = image->exe.empty() ? 0 : trace.intern_path(image->exe);
  image->trace_id = trace.add_process(image->process);
  return image->trace_id;
}

void ProcessTable::expire(std::uint64_t now_ns) {
  while (!exited_.empty() && exited_.front().time_ns + kExitGraceNs < now_ns) {
    const auto found = images_.find(exited_.front().serial);
    exited_.pop_front();
    if (found == images_.end()) continue;
    const auto latest = latest_of_pid_.find(found->second.process.pid);
    if (latest != latest_of_pid_.end() && latest->second == found->first) latest_of_pid_.erase(latest);
    images_.erase(found);
  }
}

}  // namespace rfan::recorder
