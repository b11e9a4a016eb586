#include "replay/query/reorder_buffer.h"

#include <utility>

namespace rfan::replay {

std::optional<std::size_t> ReorderBuffer::next() {
  std::unique_lock lock(mutex_);
  room_.wait(lock, [&] { return stop_ || next_ >= slots_.size() || next_ - taken_ < window_; });
  if (stop_ || next_ >= slots_.size()) return {};
  return next_++;
}

void ReorderBuffer::put(std::size_t item, std::unique_ptr<BlockOutput> output) {
  const std::lock_guard lock(mutex_);
  slots_[item] = {true, std::move(output)};
  ready_.notify_one();
}

std::optional<ReorderBuffer::Taken> ReorderBuffer::take() {
  std::unique_lock lock(mutex_);
  if (taken_ == slots_.size()) return {};
  ready_.wait(lock, [&] { return stop_ || slots_[taken_].ready; });
  if (stop_) return {};
  const auto item = taken_++;
  room_.notify_all();
  return Taken{item, std::move(slots_[item].output)};
}

void ReorderBuffer::stop() {
  const std::lock_guard lock(mutex_);
  stop_ = true;
  ready_.notify_all();
  room_.notify_all();
}

}  // namespace rfan::replay
