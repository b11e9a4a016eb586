// Independent pieces of work on all cores.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <thread>
#include <vector>

namespace rfan::replay {

// Calls `work(i)` for every i below `count`, on as many threads as there are cores, and returns when all are
// done. `work` must not throw.
template <typename Work>
void in_parallel(std::size_t count, Work work) {
  std::atomic<std::size_t> next = 0;
  const auto run = [&] {
    for (auto i = next++; i < count; i = next++) work(i);
  };
  const auto cores = std::max<std::size_t>(1, std::thread::hardware_concurrency());
  std::vector<std::jthread> threads;
  for (std::size_t i = 1; i < std::min(cores, count); ++i) threads.emplace_back(run);
  run();
}

}  // namespace rfan::replay
