#include "format/model/dictionary.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cassert>
#include <functional>
#include <utility>
#include <vector>

#include "format/base/any_above.h"
#include "format/base/byte_arena.h"
#include "format/base/limits.h"

namespace rfan::format {
namespace {

// Stores entries by id, in chunks: references stay valid, and chunks that lie wholly in a gap take no memory.
template <typename T>
class EntryTable {
 public:
  static constexpr std::uint32_t kChunkEntries = 1024;

  std::uint32_t count() const { return static_cast<std::uint32_t>(known_.size()) - 1; }
  bool has_gaps() const { return on_demand() || has_gaps_; }

  const T& at(std::uint32_t id) const {
    read_chunk_of(id);
    return so_far(id);
  }
  bool knows(std::uint32_t id) const {
    if (id > count()) return false;
    read_chunk_of(id);
    return expects(id);
  }
  bool know_all(std::span<const std::uint32_t> ids) const {
    if (any_above(ids, count())) return false;
    if (on_demand() && any_above(ids, 0)) {
      for (const auto id : ids) read_chunk_of(id);
    }
    return !has_gaps_ || std::all_of(ids.begin(), ids.end(), [this](auto id) { return expects(id); });
  }

  bool expects(std::uint32_t id) const { return known_[id]; }
  const T& so_far(std::uint32_t id) const {
    assert(id <= count());
    const auto& chunk = chunks_[id / kChunkEntries];
    return chunk == nullptr ? nothing_ : (*chunk)[id % kChunkEntries];
  }

  void expect(const IdRange& ids) {
    assert(ids.first > count());
    if (ids.first > count() + 1) has_gaps_ = true;
    known_.resize(ids.first, false);
    known_.resize(ids.end(), true);
    chunks_.resize(known_.size() / kChunkEntries + 1);
  }

  void put(std::uint32_t id, const T& entry) {
    assert(expects(id));
    auto& chunk = chunks_[id / kChunkEntries];
    if (chunk == nullptr) chunk = std::make_unique<Chunk>();
    (*chunk)[id % kChunkEntries] = entry;
  }

  void forget(const IdRange& ids) {
    if (ids.count != 0) has_gaps_ = true;
    for (auto id = ids.first; id < ids.end(); ++id) {
      known_[id] = false;
      if (auto& chunk = chunks_[id / kChunkEntries]) (*chunk)[id % kChunkEntries] = T();
    }
  }

  // From now on a chunk is complete, and no longer changes, once `read` has returned for it. Complete chunks
  // are read without a lock; `read` takes its own lock for the others.
  void read_on_demand(std::function<void(const IdRange&)> read) {
    read_ = std::move(read);
    complete_ = std::make_unique<std::atomic<bool>[]>(chunks_.size());
  }

 private:
  using Chunk = std::array<T, kChunkEntries>;

  bool on_demand() const { return complete_ != nullptr; }
  void read_chunk_of(std::uint32_t id) const {
    if (!on_demand() || id == 0) return;
    auto& complete = complete_[id / kChunkEntries];
    if (complete.load(std::memory_order_acquire)) return;
    read_({id / kChunkEntries * kChunkEntries, kChunkEntries});
    complete.store(true, std::memory_order_release);
  }

  std::vector<std::unique_ptr<Chunk>> chunks_{1};
  std::vector<bool> known_{true};  // id 0 is the empty path, or a process about which nothing is known
  T nothing_{};
  std::atomic<bool> has_gaps_ = false;  // among the entries read so far
  std::function<void(const IdRange&)> read_;
  std::unique_ptr<std::atomic<bool>[]> complete_;  // null: all chunks are complete
};

static_assert(EntryTable<int>::kChunkEntries % 64 == 0, "no word of known_ belongs to two chunks");

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
  std::uint64_t charged = 0;  // text that was put, and bytes that charge() added
  ProcessDetail wanted_processes = ProcessDetail::kAll;
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
bool Dictionary::knows_paths(std::span<const PathId> ids) const {
  return storage_->paths.know_all(ids);
}
bool Dictionary::knows_processes(std::span<const ProcessId> ids) const {
  return storage_->processes.know_all(ids);
}
bool Dictionary::has_gaps() const {
  return storage_->paths.has_gaps() || storage_->processes.has_gaps();
}
std::uint64_t Dictionary::unfolded_bytes() const {
  return storage_->charged + path_count() * kUnfoldedPathBytes + process_count() * kUnfoldedProcessBytes;
}
void Dictionary::charge(std::uint64_t bytes) {
  storage_->charged += bytes;
}

PathId Dictionary::add_path(std::string_view path) {
  const auto id = path_count() + 1;
  expect({{id, 1}, {process_count() + 1, 0}});
  put_path(id, path, {});
  return id;
}

ProcessId Dictionary::add_process(const Process& process) {
  const auto id = process_count() + 1;
  expect({{path_count() + 1, 0}, {id, 1}});
  ProcessEntry entry(process);
  for (auto* text : {&entry.comm, &entry.cmdline, &entry.cgroup}) *text = storage_->bytes.add(*text);
  put_process(id, entry);
  return id;
}

void Dictionary::expect(const DictionaryIds& ids) {
  storage_->paths.expect(ids.paths);
  storage_->processes.expect(ids.processes);
}

std::string_view Dictionary::put_path(PathId id, std::string_view front, std::string_view rest) {
  const auto path = storage_->bytes.add(front, rest, {});
  storage_->charged += path.size();
  storage_->paths.put(id, path);
  return path;
}

void Dictionary::put_process(ProcessId id, const ProcessEntry& entry) {
  storage_->charged += entry.string_bytes();
  storage_->processes.put(id, entry);
}

std::string_view Dictionary::keep(std::string_view front, std::string_view middle, std::string_view tail) {
  return storage_->bytes.add(front, middle, tail);
}

void Dictionary::forget_paths(const IdRange& ids) {
  storage_->paths.forget(ids);
}
void Dictionary::forget_processes(const IdRange& ids) {
  storage_->processes.forget(ids);
}

bool Dictionary::expects_path(PathId id) const {
  return storage_->paths.expects(id);
}
bool Dictionary::expects_process(ProcessId id) const {
  return storage_->processes.expects(id);
}
const ProcessEntry& Dictionary::process_so_far(ProcessId id) const {
  return storage_->processes.so_far(id);
}

void Dictionary::want_processes(ProcessDetail detail) {
  storage_->wanted_processes = detail;
}
ProcessDetail Dictionary::wanted_processes() const {
  return storage_->wanted_processes;
}

void Dictionary::read_on_demand(EntrySource& source) {
  storage_->paths.read_on_demand([&source](const IdRange& ids) { source.read_paths(ids); });
  storage_->processes.read_on_demand([&source](const IdRange& ids) { source.read_processes(ids); });
}

}  // namespace rfan::format
