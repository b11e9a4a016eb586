#include "format/columns/path_column.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <cstring>
#include <limits>

#include "format/columns/byte_planes.h"
#include "format/columns/sparse_column.h"

namespace rfan::format {
namespace {

// A table of fixed size keeps the predictions per process, so that decoding needs neither a hash table nor
// memory that depends on ids in the file. Two processes that share a slot cost compression, never
// correctness.
constexpr std::size_t kProcessSlots = 4096;
constexpr std::size_t slot_of(std::uint32_t process) {
  return process % kProcessSlots;
}

// Folds distances of either sign, small ones first: 1, 0, 2, -1, 3... become 0, 1, 2, 3, 4. The path after
// the last one is the most likely: ids are given in order of first use, and files are used in the same order
// again.
constexpr std::uint32_t fold_distance(std::uint32_t path, std::uint32_t predicted) {
  const auto difference = static_cast<std::int32_t>(path - predicted - 1);
  return (static_cast<std::uint32_t>(difference) << 1) ^ static_cast<std::uint32_t>(difference >> 31);
}
constexpr std::uint32_t unfold_distance(std::uint32_t folded, std::uint32_t predicted) {
  return predicted + 1 + ((folded >> 1) ^ (0U - (folded & 1U)));
}
static_assert(unfold_distance(fold_distance(5, 900), 900) == 5 && fold_distance(901, 900) == 0);

// Returns the distance from the predicted path to the one that an explicit value stands for. A new path is
// very far away.
constexpr std::uint32_t distance_of(std::uint32_t value) {
  return unfold_distance(value - 1, 0);
}
static_assert(distance_of(0) == INT32_MAX + 2U);

// Returns 64 bits: bit i is set if bytes[i] is kLarge.
std::uint64_t large_among(const std::uint8_t* bytes) {
  constexpr std::uint64_t kOnes = 0x0101010101010101;
  constexpr std::uint64_t kTops = 0x80 * kOnes;
  std::uint64_t found = 0;
  for (unsigned i = 0; i < 64; i += 8) {
    std::uint64_t eight;
    std::memcpy(&eight, bytes + i, sizeof eight);
    const auto tops = ((eight & ~kTops) + kOnes) & eight & kTops;  // only 255 keeps its top bit
    found |= ((tops >> 7) * 0x0102040810204080 >> 56) << i;        // puts the eight bits side by side
  }
  return found;
}

}  // namespace

void encode_sparse_by_process(std::span<const std::uint32_t> processes, std::span<const std::uint32_t> paths,
                              std::uint32_t& next_new, EncodedColumn& out) {
  std::array<std::uint32_t, kProcessSlots> predicted{};
  SparseBuilder sparse(paths.size(), out);
  out.base = next_new;
  for (std::size_t i = 0; i < paths.size(); ++i) {
    auto& prediction = predicted[slot_of(processes[i])];
    const bool is_new = paths[i] == next_new;
    sparse.add(i, paths[i] != prediction, is_new ? 0 : fold_distance(paths[i], prediction) + 1);
    next_new = std::max(next_new, paths[i] + 1);
    prediction = paths[i];
  }
  out.encoding = Encoding::kSparseByProcess;
  out.width = append_escaped(sparse.values(), out.large, out.bytes);
}

bool PathStretches::open(const ColumnInput& processes, const ColumnInput& paths, std::size_t count) {
  if (processes.encoding != Encoding::kRuns || count == 0 || !read_runs(processes, count, processes_)) {
    return false;
  }
  process_bitmap_ = processes.bytes.first(bitmap_bytes(count));
  return open_paths(paths, count);
}

bool PathStretches::open(std::span<const std::uint32_t> processes, const ColumnInput& paths) {
  if (processes.empty()) return false;
  find_runs(processes);
  return open_paths(paths, processes.size());
}

bool PathStretches::open_paths(const ColumnInput& paths, std::size_t count) {
  const auto explicit_paths = explicit_count(paths, count);
  const auto bitmap = bitmap_bytes(count);
  if (!explicit_paths || paths.encoding != Encoding::kSparseByProcess || paths.base > UINT32_MAX ||
      !open_escaped(paths, bitmap, *explicit_paths, steps_, large_steps_)) {
    return false;
  }
  find_distances(*explicit_paths);
  count_ = static_cast<std::uint32_t>(count);
  path_bitmap_ = paths.bytes.first(bitmap);
  next_new_ = static_cast<std::uint32_t>(paths.base);
  return true;
}

// Finds in the processes of all events what read_runs() reads from a column. Like SparseBuilder, it does not
// branch.
void PathStretches::find_runs(std::span<const std::uint32_t> processes) {
  own_bitmap_.assign(bitmap_bytes(processes.size()), std::byte{0});
  processes_.resize(processes.size() + 1);
  auto* last = processes_.data();
  *last = processes.front();
  for (std::size_t start = 0; start < processes.size(); start += 8) {
    const auto end = std::min(start + 8, processes.size());
    unsigned changes = 0;
    for (std::size_t i = start; i < end; ++i) {
      const unsigned changed = processes[i] != *last ? 1 : 0;
      changes |= changed << (i - start);
      last += changed;
      *last = processes[i];
    }
    own_bitmap_[start / 8] = static_cast<std::byte>(changes);
  }
  process_bitmap_ = own_bitmap_;
}

// Computes all distances as if every step were small, which is vectorised, and then corrects those of large
// steps. The walk need not tell them apart.
void PathStretches::find_distances(std::size_t count) {
  distances_.resize(count + 1);
  auto* const distances = distances_.data() + 1;
  for (std::size_t i = 0; i < count; ++i) distances[i] = distance_of(steps_[i]);
  const auto* large = large_steps_.data();
  const auto correct = [&](std::size_t i) {
    distances[i] = distance_of(static_cast<std::uint32_t>(kLarge) + *large++);
  };
  std::size_t i = 0;
  for (; i + 64 <= count; i += 64) {
    for (auto found = large_among(steps_ + i); found != 0; found &= found - 1) {
      correct(i + static_cast<unsigned>(std::countr_zero(found)));
    }
  }
  for (; i < count; ++i)
    if (steps_[i] == kLarge) correct(i);
}

// Tracks the ids that need no second look while a block is walked: those below end().
class PathStretches::UsualPaths {
 public:
  UsualPaths(std::uint32_t next_new, std::size_t limit) : next_new_(next_new), limit_(limit) { update(0); }
  std::uint32_t end() const { return end_; }
  bool all_known() const { return all_known_; }

  // Takes an explicit path that is new or not usual, and returns its id.
  std::uint32_t take(std::uint32_t path, bool is_new) {
    if (is_new) path = next_new_;
    next_new_ = std::max(next_new_, path + 1);
    update(path);
    return path;
  }
  // Returns the path to show, after the prediction is made.
  std::uint32_t shown(std::uint32_t path) {
    if (path < limit_) return path;
    all_known_ = false;
    return 0;
  }

 private:
  // distance_of(0) marks a new path: it makes any path a large one, unless the path itself is as large. In
  // that case nothing is usual any more.
  void update(std::uint32_t path) {
    all_bits_ |= path | next_new_;
    const bool large = all_bits_ > INT32_MAX;
    end_ = large ? 0 : static_cast<std::uint32_t>(std::min<std::size_t>(next_new_, limit_));
  }

  std::uint32_t next_new_;
  std::size_t limit_;
  std::uint32_t end_ = 0;
  std::uint32_t all_bits_ = 0;
  bool all_known_ = true;
};

// Calls visit(begin, end, path) for each stretch in turn; the first may be empty. An id from `limit` on
// becomes 0; if there is one, it returns false. The loop visits stretches, not events, and does not branch on
// the bits: the CPU cannot guess where a process begins and where a path is predicted.
template <typename Visit>
bool PathStretches::walk(std::size_t limit, Visit visit) const {
  std::array<std::uint32_t, kProcessSlots> predicted{};
  UsualPaths usual(next_new_, limit);
  const auto* process = processes_.data();
  const auto* distance = distances_.data();
  std::uint32_t path = 0;
  std::uint32_t begin = 0;
  for (std::uint32_t start = 0; start < count_; start += 64) {
    const auto present = count_ - start < 64 ? (std::uint64_t{1} << (count_ - start)) - 1 : UINT64_MAX;
    const auto new_process = bits_at(process_bitmap_, start);
    const auto new_path = bits_at(path_bitmap_, start);
    for (auto changes = (new_process | new_path) & present; changes != 0; changes &= changes - 1) {
      const auto bit = static_cast<std::uint32_t>(std::countr_zero(changes));
      visit(begin, start + bit, path);
      begin = start + bit;
      process += new_process >> bit & 1U;
      const auto is_explicit = static_cast<std::uint32_t>(new_path >> bit & 1U);
      distance += is_explicit;
      auto& prediction = predicted[slot_of(*process)];
      path = prediction + (*distance & (0U - is_explicit));
      if (path >= usual.end()) [[unlikely]] {
        if (is_explicit != 0) path = usual.take(path, steps_[distance - distances_.data() - 1] == 0);
        prediction = path;
        path = usual.shown(path);
        continue;
      }
      prediction = path;
    }
  }
  visit(begin, count_, path);
  return usual.all_known();
}

bool PathStretches::count(std::span<std::uint32_t> counts) const {
  assert(!counts.empty());
  return walk(counts.size(), [counts = counts.data()](std::uint32_t begin, std::uint32_t end,
                                                      std::uint32_t path) { counts[path] += end - begin; });
}

bool PathStretches::mark(std::span<const std::uint8_t> marks, std::span<std::uint8_t> out) const {
  assert(!marks.empty() && out.size() >= count_ + kMarkSlack);
  return walk(marks.size(), [marks = marks.data(), out = out.data()](std::uint32_t begin, std::uint32_t end,
                                                                     std::uint32_t path) {
    // Writes eight at a time: stretches are short, and the next one overwrites the excess.
    const auto eight = marks[path] * std::uint64_t{0x0101010101010101};
    do {
      std::memcpy(out + begin, &eight, sizeof eight);
      begin += sizeof eight;
    } while (begin < end);
  });
}

void PathStretches::decode(std::span<std::uint32_t> out) const {
  constexpr std::uint32_t kFew = 4;
  walk(std::numeric_limits<std::size_t>::max(),
       [out](std::uint32_t begin, std::uint32_t end, std::uint32_t path) {
         // Writes too much as mark() does, as long as there is room.
         for (; begin < end && begin + kFew <= out.size(); begin += kFew)
           std::fill_n(&out[begin], kFew, path);
         for (; begin < end; ++begin) out[begin] = path;
       });
}

}  // namespace rfan::format
