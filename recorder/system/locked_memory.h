// Memory that the reader thread may touch without a page fault that needs the disk.
#pragma once

#include <cstddef>
#include <string_view>

#include "format/base/error.h"

namespace rfan::recorder {

// An anonymous mapping, zeroed; a page is locked when it is first used, and takes no memory before. Owner
// type; unmaps on destruction.
class LockedMemory {
 public:
  // Locking is best effort: without CAP_IPC_LOCK and above RLIMIT_MEMLOCK the memory is usable, but not
  // locked. Anonymous memory has no file behind it, so a fault on it can never wait
  // for our own answer.
  static Result<LockedMemory> allocate(std::size_t bytes, std::string_view purpose);

  LockedMemory() = default;
  LockedMemory(LockedMemory&& other) noexcept;
  LockedMemory& operator=(LockedMemory&& other) noexcept;
  ~LockedMemory();

  // Touches and locks the first `bytes` now.
  void populate(std::size_t bytes);

  std::byte* data() const { return data_; }
  std::size_t size() const { return size_; }

 private:
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace rfan::recorder
