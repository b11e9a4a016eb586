#include "format/dictionary.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <utility>

#include "format/byte_arena.h"

namespace rfan::format {
namespace {

// Entries by id, in chunks: references stay valid, and chunks that lie wholly in a gap take no memory.
template <typename T>
class EntryTable {
 public:
  std::uint32_t count() const { return next_ - 1; }
  bool has_gaps() const { return !gaps_.empty(); }

  std::uint32_t add(const T& entry) {
    auto& chunk = chunk_of(next_);
    if (chunk == nullptr) chunk = std::make_unique<Chunk>();
    (*chunk)[next_ % kChunkEntries] = entry;
    return next_++;
  }

  // Ids without an entry, which are no gap.
  void count_on(std::uint32_t count) { next_ += count; }

  const T& at(std::uint32_t id) const {
    assert(id < next_);
    const auto index = id / kChunkEntries;
    if (index >= chunks_.size() || chunks_[index] == nullptr) return nothing_;
    return (*chunks_[index])[id % kChunkEntries];
  }

  void skip_to(std::uint32_t next) {
    assert(next >= next_);
    if (next > next_) gaps_.push_back({next_, next});
    next_ = next;
  }

  bool knows(std::uint32_t id) const {
    if (id >= next_ || gaps_.empty()) return id < next_;
    const auto after =
        std::upper_bound(gaps_.begin(), gaps_.end(), id,
                         [](std::uint32_t value, const Gap& gap) { return value < gap.first; });
    return after == gaps_.begin() || id >= std::prev(after)->end;
  }

  struct Mark {
    std::uint32_t next = 1;
    std::size_t gaps = 0;
  };
  Mark mark() const { return {next_, gaps_.size()}; }
  void rewind(const Mark& mark) {
    next_ = mark.next;
    gaps_.resize(mark.gaps);
  }

 private:
  static constexpr std::uint32_t kChunkEntries = 1024;
  using Chunk = std::array<T, kChunkEntries>;
  struct Gap {
    std::uint32_t first;
    std::uint32_t end;
  };

  std::unique_ptr<Chunk>& chunk_of(std::uint32_t id) {
    const auto index = id / kChunkEntries;
    if (index >= chunks_.size()) chunks_.resize(index + 1);
    return chunks_[index];
  }

  std::vector<std::unique_ptr<Chunk>> chunks_;
  std::vector<Gap> gaps_;  // ascending
  T nothing_{};
  std::uint32_t next_ = 1;  // id 0 is the empty path, or a process of which nothing is known
};

}  // namespace

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

struct Dictionary::Storage {
  ByteArena bytes;
  EntryTable<std::string_view> paths;
  EntryTable<ProcessEntry> processes;
  std::uint64_t byte_count = 0;
  ProcessDetail wanted_processes = ProcessDetail::kAll;

  struct Mark {
    ByteArena::Mark bytes;
    EntryTable<std::string_view>::Mark paths;
    EntryTable<ProcessEntry>::Mark processes;
    std::uint64_t byte_count = 0;
  };
  Mark batch;  // where it began
};

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
bool Dictionary::has_gaps() const {
  return storage_->paths.has_gaps() || storage_->processes.has_gaps();
}
std::uint64_t Dictionary::byte_count() const {
  return storage_->byte_count;
}

PathId Dictionary::add_path(std::string_view front, std::string_view rest) {
  storage_->byte_count += front.size() + rest.size();
  return storage_->paths.add(storage_->bytes.add(front, rest, {}));
}

ProcessId Dictionary::add_process(const Process& process) {
  ProcessEntry entry(process);
  for (auto* text : {&entry.comm, &entry.cmdline, &entry.cgroup}) *text = storage_->bytes.add(*text);
  return add_process(entry);
}

ProcessId Dictionary::add_process(const ProcessEntry& entry) {
  storage_->byte_count += entry.string_bytes();
  return storage_->processes.add(entry);
}

std::string_view Dictionary::keep(std::string_view front, std::string_view middle, std::string_view tail) {
  return storage_->bytes.add(front, middle, tail);
}

void Dictionary::want_processes(ProcessDetail detail) {
  storage_->wanted_processes = detail;
}
ProcessDetail Dictionary::wanted_processes() const {
  return storage_->wanted_processes;
}

void Dictionary::count_processes(std::uint32_t count) {
  storage_->processes.count_on(count);
}

void Dictionary::begin_batch() {
  storage_->batch = {storage_->bytes.mark(), storage_->paths.mark(), storage_->processes.mark(),
                     storage_->byte_count};
}

void Dictionary::end_batch(bool whole) {
  if (whole) return;
  storage_->bytes.rewind(storage_->batch.bytes);
  storage_->paths.rewind(storage_->batch.paths);
  storage_->processes.rewind(storage_->batch.processes);
  storage_->byte_count = storage_->batch.byte_count;
}

void Dictionary::skip_to(PathId next_path, ProcessId next_process) {
  storage_->paths.skip_to(next_path);
  storage_->processes.skip_to(next_process);
}

}  // namespace rfan::format
