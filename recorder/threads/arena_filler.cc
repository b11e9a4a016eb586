#include "recorder/threads/arena_filler.h"

#include <algorithm>
#include <cassert>

namespace rfan::recorder {

bool ArenaFiller::obtain() {
  if (arena_ != nullptr && !has_room()) publish();
  if (arena_ != nullptr) return true;
  arena_ = pool_.take_free();
  if (arena_ == nullptr) return false;
  arena_->clear();
  high_water_ = std::max(high_water_, static_cast<std::uint32_t>(pool_.in_use()));
  return true;
}

bool ArenaFiller::has_room(std::size_t waiting) const {
  assert(arena_ != nullptr);
  return arena_->free_raw().size() >= kMaxEventBytes && free_events() >= waiting + kMinFreeEvents &&
         arena_->batch_count + 2 <= Arena::kMaxBatches;
}

std::span<std::byte> ArenaFiller::free_bytes(std::size_t waiting) {
  assert(has_room(waiting));
  const auto bytes = arena_->free_raw();
  return bytes.first(std::min(bytes.size(), (free_events() - waiting) * kKernelEventBytes));
}

std::span<const std::byte> ArenaFiller::append(std::size_t bytes) {
  const auto appended = arena_->free_raw().first(bytes);
  arena_->raw_bytes += bytes;
  return appended;
}

Arena::Batch& ArenaFiller::begin_batch(Arena::Source source, const EventRead& read, std::uint64_t read_ns) {
  assert(arena_ != nullptr && arena_->batch_count < Arena::kMaxBatches);
  if (arena_->batch_count == 0) since_ns_ = read_ns;
  auto& batch = arena_->batches[arena_->batch_count++];
  batch.first_event = static_cast<std::uint32_t>(arena_->event_count);
  batch.source = source;
  batch.follows_notifications = notified_until_ns_ >= read.until_ns;
  batch.since_ns = read.since_ns;
  batch.until_ns = read.until_ns;
  batch.read_ns = read_ns;
  batch.answered_ns = read_ns;
  return batch;
}

EventHead* ArenaFiller::add_next(KernelEventWalker& walker) {
  assert(arena_ != nullptr);
  auto& event = arena_->events[arena_->event_count];
  if (!walker.next(event.kernel)) return nullptr;
  assert(arena_->event_count + 1 < Arena::kMaxEvents && walker.records().size() <= UINT16_MAX);
  ++arena_->event_count;
  const auto records = walker.records();
  event.image = 0;
  event.records_begin = records.empty() ? 0 : static_cast<std::uint32_t>(records.data() - arena_->raw.data());
  event.records_bytes = static_cast<std::uint16_t>(records.size());
  event.own = false;
  event.denied = false;
  return &event;
}

void ArenaFiller::publish() {
  if (arena_ == nullptr && !obtain()) return;
  arena_->process_facts_lost = tracker_.take_lost();
  arena_->missing = missing_;
  arena_->process_log_end = log_.position();
  arena_->notified_until_ns = notified_until_ns_;
  if (arena_->empty() && arena_->process_log_end == published_log_end_) return;
  missing_ = {};
  published_log_end_ = arena_->process_log_end;
  pool_.publish(arena_);
  arena_ = nullptr;
}

bool ArenaFiller::begin_another() {
  if (pool_.in_use() == ArenaPool::kArenas) return false;
  publish();
  return obtain();
}

bool ArenaFiller::is_due(std::uint64_t now_ns) const {
  if (!missing_.none() || log_.position() - published_log_end_ > ProcessLog::kBytes / 8) return true;
  return has_events() && now_ns - since_ns_ >= kMaxAgeNs;
}

}  // namespace rfan::recorder
