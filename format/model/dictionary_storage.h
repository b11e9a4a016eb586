// Holds the entries of a Dictionary. Private to format/model/.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cassert>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "format/base/any_above.h"
#include "format/base/byte_arena.h"
#include "format/model/dictionary.h"
#include "format/model/growing_dictionary.h"

namespace rfan::format {

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

struct Dictionary::Storage {
  ByteArena bytes;
  EntryTable<std::string_view> paths;
  EntryTable<ProcessEntry> processes;
  std::uint64_t charged = 0;  // text that was put, and bytes that charge() added
};

}  // namespace rfan::format
