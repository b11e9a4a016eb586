#include "format/trace/dictionary_loader.h"

#include <algorithm>
#include <cassert>
#include <limits>
#include <optional>
#include <utility>

#include "format/base/unfolding.h"
#include "format/wire/frame_scanner.h"

namespace rfan::format {
namespace {

// Covers head and metadata of a DICT frame.
constexpr std::size_t kFirstReadBytes = 128;
constexpr auto kWrongDirectory = "no DICT frame where the directory says";

}  // namespace

DictionaryLoader::DictionaryLoader(ByteSource& source, const ChecksumSeed& seed, SharedContext& shared,
                                   const std::vector<DictionaryFrame>& frames)
    : source_(source), seed_(seed), mutex_(shared.mutex), context_(shared.context) {
  for (const auto& frame : frames) frames_.push_back({frame});
}

void DictionaryLoader::set(const DictionaryLoading& loading) {
  assert(loaded_until_ == 0);
  on_demand_ = loading.on_demand;
  context_.dictionary.want_processes(loading.processes);
}

const Dictionary& DictionaryLoader::load(std::uint64_t until) {
  if (loaded_until_.load(std::memory_order_acquire) >= until) return context_.dictionary;
  const std::lock_guard lock(mutex_);
  for (; loaded_ < frames_.size(); ++loaded_) {
    auto& frame = frames_[loaded_];
    if (frame.offset >= until) break;
    on_demand_ ? expect_frame(frame) : load_frame(frame);
  }
  if (on_demand_) context_.dictionary.read_on_demand(*this);
  if (loaded_until_ < until) loaded_until_.store(until, std::memory_order_release);
  return context_.dictionary;
}

const Dictionary& DictionaryLoader::load_all() {
  return load(std::numeric_limits<std::uint64_t>::max());
}

const Dictionary& DictionaryLoader::of_block_at(std::uint64_t offset) {
  return loaded_until_.load(std::memory_order_acquire) > offset ? context_.dictionary : load_all();
}

void DictionaryLoader::load_frame(LoadedFrame& frame) {
  auto read = read_frame_at(source_, seed_, frame.offset, frame.length);
  if (!read) return lose_frame(frame, read.error().what);
  if (!read->head.is(FrameType::kDict)) return lose_frame(frame, kWrongDirectory);
  context_.take(*read);
}

void DictionaryLoader::lose_frame(LoadedFrame& frame, const std::string& fault) {
  context_.report({frame.offset, frame.length, fault, 0});
  forget_unread(frame);
}

void DictionaryLoader::forget_unread(LoadedFrame& frame) {
  forget_entries(frame.ids, frame.unread, context_.dictionary);
  frame.unread = {false, false};
}

// A frame that cannot be read gives no ids: its empty range keeps the frames ordered by their ids.
void DictionaryLoader::expect_frame(LoadedFrame& frame) {
  auto& dictionary = context_.dictionary;
  frame.ids = {{dictionary.path_count() + 1, 0}, {dictionary.process_count() + 1, 0}};
  PartialFrame start{frame.offset, frame.length, std::move(frame_start_), 0, {}};
  const auto read = read_frame_start(source_, seed_, kFirstReadBytes, start);
  Frame without_body{frame.offset, start.head, std::move(start.bytes)};
  std::optional<DictionaryIds> ids;
  if (read && start.head.is(FrameType::kDict)) {
    ids = context_.expect_entries(without_body);
  } else {
    lose_frame(frame, read ? kWrongDirectory : read.error().what);
  }
  frame_start_ = std::move(without_body.bytes);
  if (!ids) return;
  frame.ids = *ids;
  frame.unread.paths = ids->paths.count != 0;
  frame.unread.processes = ids->processes.count != 0 && dictionary.wanted_processes() != ProcessDetail::kNone;
}

void DictionaryLoader::read_parts(LoadedFrame& frame, DictionaryParts parts) {
  parts = {parts.paths && frame.unread.paths, parts.processes && frame.unread.processes};
  if (!parts.paths && !parts.processes) return;
  auto read = read_frame_at(source_, seed_, frame.offset, frame.length);
  if (!read) return lose_frame(frame, read.error().what);
  // A fault is reported once. Entries that were put before it stay, because other threads may use them.
  if (!context_.take_entries(*read, frame.ids, parts, unfolded_limit(source_.size().value_or(0))))
    return forget_unread(frame);
  frame.unread.paths = frame.unread.paths && !parts.paths;
  frame.unread.processes = frame.unread.processes && !parts.processes;
}

void DictionaryLoader::read_paths(const IdRange& ids) {
  const std::lock_guard lock(mutex_);
  auto frame = std::partition_point(frames_.begin(), loaded_end(),
                                    [&](const auto& at) { return at.ids.paths.end() <= ids.first; });
  for (; frame != loaded_end() && frame->ids.paths.first < ids.end(); ++frame)
    read_parts(*frame, {true, false});
}

// Examples of processes are earlier processes, back to the last INDEX: reading starts there.
void DictionaryLoader::read_processes(const IdRange& ids) {
  const std::lock_guard lock(mutex_);
  const auto begin = frames_.begin();
  auto frame = std::partition_point(begin, loaded_end(),
                                    [&](const auto& at) { return at.ids.processes.end() <= ids.first; });
  if (frame == loaded_end()) return;
  while (frame != begin && std::prev(frame)->index_part == frame->index_part) --frame;
  for (; frame != loaded_end() && frame->ids.processes.first < ids.end(); ++frame)
    read_parts(*frame, {false, true});
}

}  // namespace rfan::format
