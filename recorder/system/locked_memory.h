// Memory that the reader thread may touch without a page fault that needs the disk.
#pragma once

#include <cstddef>
#include <string_view>

#include "format/base/error.h"

namespace rfan::recorder {

// An anonymous mapping of zeros. A page takes memory only from its first use on, and is locked then. Unmaps
// itself on destruction.
class LockedMemory {
 public:
  // Locks as far as it can: without CAP_IPC_LOCK, memory above RLIMIT_MEMLOCK is usable but not locked. No
  // file backs anonymous memory, so a fault on it can never wait for an answer of ours.
  static Result<LockedMemory> allocate(std::size_t bytes, std::string_view purpose);

  LockedMemory() = default;
  LockedMemory(LockedMemory&& other) noexcept;
  LockedMemory& operator=(LockedMemory&& other) noexcept;
  ~LockedMemory();

  // Touches and locks the first `bytes` bytes now.
  void populate(std::size_t bytes);

  std::byte* data() const { return data_; }
  std::size_t size() const { return size_; }

 private:
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace rfan::recorder
