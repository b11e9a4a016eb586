#include "format/trace/dictionary_writer.h"

#include <algorithm>
#include <cassert>
#include <span>
#include <utility>

#include "format/base/limits.h"
#include "format/base/unfolding.h"

namespace rfan::format {

PathId DictionaryWriter::intern_path(std::string_view path) {
  if (const auto known = path_ids_.find(path); known != path_ids_.end()) return known->second;
  const auto id = add_path(path);
  if (id != 0) path_ids_.emplace(new_paths_.back(), id);
  return id;
}

PathId DictionaryWriter::add_path(std::string_view path) {
  const auto unfolded = path.size() + kUnfoldedPathBytes;
  if (path.empty() || path.size() > kMaxPathBytes || path_count() >= kMaxPaths || !has_room_for(unfolded))
    return 0;
  new_paths_.push_back(bytes_.add(path));
  unfolded_bytes_ += unfolded;
  return path_count();
}

ProcessId DictionaryWriter::add_process(const Process& process) {
  assert(process.exe <= path_count() && process.parent <= process_count());
  Process entry = process;
  entry.comm.resize(std::min(entry.comm.size(), kMaxCommBytes));
  if (entry.cmdline.size() > kMaxCmdlineBytes) {
    entry.cmdline.resize(kMaxCmdlineBytes);
    entry.flags |= kProcessCmdlineTruncated;
  }
  // A cut path would name another group.
  if (entry.cgroup.size() > kMaxCgroupBytes) entry.cgroup.clear();
  const auto unfolded = entry.string_bytes() + kUnfoldedProcessBytes;
  if (process_count() >= kMaxProcesses || !has_room_for(unfolded)) return 0;
  unfolded_bytes_ += unfolded;
  has_exe_.push_back(process.exe != 0);
  new_processes_.push_back(std::move(entry));
  return process_count();
}

// Returns true if a reader takes `bytes_more` more bytes of entries. The bytes of the file before the end of
// a DICT frame limit its entries. Writing the entries that wait for their frame makes the file longer: a
// frame of one entry has more than 100 bytes, which allow more than any entry takes.
bool DictionaryWriter::has_room_for(std::uint64_t bytes_more) {
  const auto fits = [&] { return unfolded_bytes_ + bytes_more <= default_unfolded_limit(frames_.end()); };
  if (fits()) return true;
  add_frames();
  return fits();
}

// Returns how many new paths fit into one frame.
std::size_t DictionaryWriter::batch_paths() const {
  std::size_t size = 0;
  std::size_t count = 0;
  while (count < new_paths_.size() && count < kMaxDictEntriesPerFrame && size < kMaxDictBytesPerFrame) {
    size += new_paths_[count++].size();
  }
  return count;
}

std::size_t DictionaryWriter::batch_processes(std::size_t bytes_left, std::size_t entries_left) const {
  std::size_t size = 0;
  std::size_t count = 0;
  while (count < new_processes_.size() && count < entries_left && size < bytes_left) {
    size += new_processes_[count].string_bytes();
    ++count;
  }
  return count;
}

// Encodes the first new entries. They refer to none before the last INDEX, so that a lost frame costs no
// entries behind the next one.
void DictionaryWriter::encode(std::size_t paths, std::size_t processes) {
  if (std::exchange(index_count_, frames_.index_count()) != frames_.index_count()) encoder_.restart();
  encoder_.encode({first_new_path_, first_new_process_, std::span(new_paths_).first(paths),
                   std::span(new_processes_).first(processes)},
                  compressor_, meta_, body_);
}

// Writes paths first: a process may name an executable that is new as well.
void DictionaryWriter::add_frames() {
  while (!new_paths_.empty() || !new_processes_.empty()) {
    const auto paths = batch_paths();
    const bool all_paths = paths == new_paths_.size();
    const auto processes =
        all_paths ? batch_processes(kMaxDictBytesPerFrame, kMaxDictEntriesPerFrame - paths) : 0;
    encode(paths, processes);
    frames_.add(FrameType::kDict, meta_, body_);
    frames_.add_index_if_due();
    new_paths_.erase(new_paths_.begin(), new_paths_.begin() + static_cast<std::ptrdiff_t>(paths));
    new_processes_.erase(new_processes_.begin(),
                         new_processes_.begin() + static_cast<std::ptrdiff_t>(processes));
    first_new_path_ += static_cast<PathId>(paths);
    first_new_process_ += static_cast<ProcessId>(processes);
  }
}

}  // namespace rfan::format
