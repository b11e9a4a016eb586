// Standard output, or any descriptor, behind one big buffer.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "format/error.h"

namespace rfan::replay {

// Does not own the descriptor. One thread. Errors stick: after the first failed write everything further is
// dropped, and status() says why. The destructor does not flush.
class Output {
 public:
  explicit Output(int fd);

  // Room for at least `bytes` more bytes; give back what was used with commit(). `bytes` <= kMaxReserve.
  char* reserve(std::size_t bytes) {
    if (kBufferBytes - used_ < bytes) flush();
    return buffer_.get() + used_;
  }
  void commit(const char* end) { used_ = static_cast<std::size_t>(end - buffer_.get()); }
  void append(std::string_view bytes);
  void put(char c) {
    *reserve(1) = c;
    ++used_;
  }

  // Writes out what is buffered.
  void flush();

  const Status& status() const { return status_; }
  // The reader of the pipe has gone (EPIPE), which is no fault of ours.
  bool closed() const { return closed_; }

  static constexpr std::size_t kMaxReserve = 128 * 1024;

 private:
  // Writes of 128 KiB and more: a larger buffer leaves the L2 cache and gains nothing.
  static constexpr std::size_t kBufferBytes = 256 * 1024;

  int fd_;
  std::unique_ptr<char[]> buffer_;
  std::size_t used_ = 0;
  Status status_;
  bool closed_ = false;
};

}  // namespace rfan::replay
