#include "recorder/threads/arena_filler.h"

#include <algorithm>
#include <cassert>
#include <cstring>

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

bool ArenaFiller::has_room() const {
  assert(arena_ != nullptr);
  return arena_->free_raw().size() >= kMaxEventBytes && arena_->batch_count + 2 <= Arena::kMaxBatches;
}

std::size_t ArenaFiller::append(std::size_t bytes) {
  assert(bytes <= arena_->free_raw().size());
  const auto offset = arena_->raw_bytes;
  arena_->raw_bytes += bytes;
  return offset;
}

Arena::Batch& ArenaFiller::begin_batch(Arena::Source source, const EventRead& read, std::uint64_t read_ns) {
  assert(arena_ != nullptr && arena_->batch_count < Arena::kMaxBatches);
  if (arena_->batch_count == 0) since_ns_ = read_ns;
  auto& batch = arena_->batches[arena_->batch_count++];
  batch.raw_begin = static_cast<std::uint32_t>(read.offset);
  batch.raw_end = static_cast<std::uint32_t>(read.offset + read.bytes);
  batch.first_image = static_cast<std::uint32_t>(arena_->event_count);
  batch.source = source;
  batch.follows_notifications = notified_until_ns_ >= read.until_ns;
  batch.since_ns = read.since_ns;
  batch.until_ns = read.until_ns;
  batch.read_ns = read_ns;
  batch.answered_ns = read_ns;
  return batch;
}

std::size_t ArenaFiller::add(ImageSerial image) {
  assert(arena_ != nullptr && arena_->event_count < Arena::kMaxEvents);
  arena_->images[arena_->event_count] = image;
  return arena_->event_count++;
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

bool ArenaFiller::carry_over(EventRead& read) {
  if (pool_.in_use() == ArenaPool::kArenas) return false;
  std::memcpy(carried_.data(), arena_->raw.data() + read.offset, read.bytes);
  publish();
  if (!obtain()) return false;
  std::memcpy(free_bytes().data(), carried_.data(), read.bytes);
  read.offset = append(read.bytes);
  return true;
}

bool ArenaFiller::is_due(std::uint64_t now_ns) const {
  if (!missing_.none() || log_.position() - published_log_end_ > ProcessLog::kBytes / 8) return true;
  return has_events() && now_ns - since_ns_ >= kMaxAgeNs;
}

}  // namespace rfan::recorder
