#include "recorder/system/locked_memory.h"

#include <sys/mman.h>

#include <algorithm>
#include <utility>

namespace rfan::recorder {

Result<LockedMemory> LockedMemory::allocate(std::size_t bytes, std::string_view purpose) {
  void* data =
      ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (data == MAP_FAILED) return errno_error("cannot allocate memory for the " + std::string(purpose));
  LockedMemory memory;
  memory.data_ = static_cast<std::byte*>(data);
  memory.size_ = bytes;
  [[maybe_unused]] const int best_effort = ::mlock2(data, bytes, MLOCK_ONFAULT);
  return memory;
}

void LockedMemory::populate(std::size_t bytes) {
  // Best effort like allocate(). MADV_POPULATE_WRITE needs Linux 5.14; before that, each page is locked on
  // first use.
  [[maybe_unused]] const int populated = ::madvise(data_, std::min(bytes, size_), MADV_POPULATE_WRITE);
}

LockedMemory::LockedMemory(LockedMemory&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

LockedMemory& LockedMemory::operator=(LockedMemory&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

LockedMemory::~LockedMemory() {
  if (data_ != nullptr) ::munmap(data_, size_);
}

}  // namespace rfan::recorder
