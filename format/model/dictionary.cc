#include "format/model/dictionary.h"

#include "format/model/dictionary_storage.h"

namespace rfan::format {

ProcessEntry::ProcessEntry(const Process& process)
    : pid(process.pid),
      ppid(process.ppid),
      parent(process.parent),
      uid(process.uid),
      gid(process.gid),
      exe(process.exe),
      start_time_ns(process.start_time_ns),
      flags(process.flags),
      cmdline_bytes(static_cast<std::uint32_t>(process.cmdline.size())),
      comm(process.comm),
      cmdline(process.cmdline),
      cgroup(process.cgroup) {}

Process ProcessEntry::copy() const {
  return {pid,
          ppid,
          parent,
          uid,
          gid,
          start_time_ns,
          exe,
          flags,
          std::string(comm),
          std::string(cmdline),
          std::string(cgroup)};
}

Dictionary::Dictionary() : storage_(std::make_unique<Storage>()) {}
Dictionary::~Dictionary() = default;

std::uint32_t Dictionary::path_count() const {
  return storage_->paths.count();
}
std::uint32_t Dictionary::process_count() const {
  return storage_->processes.count();
}
std::string_view Dictionary::path(PathId id) const {
  return storage_->paths.at(id);
}
const ProcessEntry& Dictionary::process(ProcessId id) const {
  return storage_->processes.at(id);
}
bool Dictionary::knows_path(PathId id) const {
  return storage_->paths.knows(id);
}
bool Dictionary::knows_process(ProcessId id) const {
  return storage_->processes.knows(id);
}
bool Dictionary::knows_paths(std::span<const PathId> ids) const {
  return storage_->paths.know_all(ids);
}
bool Dictionary::knows_processes(std::span<const ProcessId> ids) const {
  return storage_->processes.know_all(ids);
}
bool Dictionary::has_gaps() const {
  return storage_->paths.has_gaps() || storage_->processes.has_gaps();
}

}  // namespace rfan::format
