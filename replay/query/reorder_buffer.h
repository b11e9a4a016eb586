// Puts the outputs of several threads back in order.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>

#include "replay/query/query.h"

namespace rfan::replay {

// Hands out numbered items to worker threads, and their outputs to one consumer in the order of the numbers.
// Workers call next() and put(), the consumer calls take(), anyone calls stop(); one mutex guards all. A
// window bounds how far the workers may get ahead of the consumer, and so the memory of the outputs that
// wait. Rejected: a share of the items for each worker from the start, because blocks cost
// differently: one that its statistics exclude is not even decompressed.
class ReorderBuffer {
 public:
  // `window` is the largest number of items that are handed out and not taken.
  ReorderBuffer(std::size_t items, std::size_t window) : window_(window), slots_(items) {}

  // Returns the next item, once there is room for its output. Returns nothing after the last item and after
  // stop().
  std::optional<std::size_t> next();
  void put(std::size_t item, std::unique_ptr<BlockOutput> output);  // null: the item has no output

  // The output of an item, null if it has none.
  struct Taken {
    std::size_t item;
    std::unique_ptr<BlockOutput> output;
  };
  // Waits for the next item in order. Returns nothing after the last item and after stop().
  std::optional<Taken> take();

  // Ends the work early: wakes everyone, and drops outputs that were not taken.
  void stop();

 private:
  struct Slot {
    bool ready = false;
    std::unique_ptr<BlockOutput> output;
  };

  const std::size_t window_;
  std::mutex mutex_;  // of everything below
  std::condition_variable room_;
  std::condition_variable ready_;
  std::deque<Slot> slots_;  // by item
  std::size_t next_ = 0;    // the item that a worker gets next
  std::size_t taken_ = 0;
  bool stop_ = false;
};

}  // namespace rfan::replay
